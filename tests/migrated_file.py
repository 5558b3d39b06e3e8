"""SQLite for tests: one file in one place, put there anew for each of them."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from store.sessions import Database


@dataclass(frozen=True)
class MigratedFile:
    """A database with the schema that the migrations make, whose rows can be forgotten."""

    template: Path
    path: Path
    database: Database

    def forget(self) -> None:
        """Have it as if nobody had ever written into it."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.template, self.path)

    @asynccontextmanager
    async def emptied(self) -> AsyncIterator[Database]:
        """It without rows, open."""
        self.forget()
        yield self.database
        await self.database.close()
