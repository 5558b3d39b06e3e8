"""Temporal's schema on PostgreSQL, made and brought up to date by Temporal's own tool."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.cluster.postgres import USER, PostgresServer
from local.cluster.roles import STORE, VISIBILITY
from local.cluster.steps import run_step
from local.environment import inherited

#: The schema that the tool carries for each database.
_SCHEMAS: Final = {
    STORE: "postgresql/v12/temporal",
    VISIBILITY: "postgresql/v12/visibility",
}


@dataclass(frozen=True, slots=True)
class TemporalSchema:
    """The schema in both of Temporal's databases."""

    tool: Path
    postgres: PostgresServer
    log: Path

    async def set_up(self) -> None:
        """Bring both databases to the tool's version; harmless when they are there."""
        for database, schema in _SCHEMAS.items():
            if await self._is_new(database):
                await self._make(database, schema)
            else:
                await self._step(database, "update-schema", "--schema-name", schema)

    async def forget_members(self) -> None:
        """Strike out the roles of an earlier start, of which none is left.

        Where they were killed a moment ago, the new ones would try to join them, up to a minute.
        """
        what = "Forgetting the roles of an earlier start"
        await self.postgres.execute(what, STORE, "DELETE FROM cluster_membership")

    async def _is_new(self, database: str) -> bool:
        return self._mark(database).exists() or not await self.postgres.has(database)

    async def _make(self, database: str, schema: str) -> None:
        """Make the database; begun and never finished, it is begun again from nothing.

        The tool cannot continue a first set-up that broke off.
        """
        self._mark(database).touch()
        await self.postgres.drop(database)
        await self.postgres.create(database)
        await self._step(database, "setup-schema", "--version", "0.0")
        await self._step(database, "update-schema", "--schema-name", schema)
        self._mark(database).unlink()

    def _mark(self, database: str) -> Path:
        return self.postgres.folder / f"{database}.unfinished"

    async def _step(self, database: str, *step: str) -> None:
        await run_step(
            f"Temporal's {step[0]} for the database {database}",
            [*self._target(database), *step],
            log=self.log,
            environment={**inherited(), "SQL_PASSWORD": self.postgres.password},
        )

    def _target(self, database: str) -> Sequence[str | Path]:
        return (
            *(self.tool, "--plugin", "postgres12", "--endpoint", "127.0.0.1"),
            *("--port", str(self.postgres.port), "--user", USER, "--database", database),
        )
