"""A real database file for each test, with the schema that the migrations make."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.migrations.run import migrate
from store.sessions import Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "dormouse.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    copy = shutil.copy(migrated, tmp_path / "dormouse.db")
    database = Database.open(f"sqlite:///{copy}")
    yield database
    await database.close()
