"""A real database for each test, with the schema that the migrations make.

A file of its own, unless TEST_POSTGRESQL_URL names a database to be emptied for every test.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from store.migrations.run import migrate
from store.sessions import Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "dormouse.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def file_database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    database = Database.open(f"sqlite:///{shutil.copy(migrated, tmp_path / 'dormouse.db')}")
    yield database
    await database.close()


@pytest.fixture(scope="session")
def server() -> str | None:
    url = os.environ.get("TEST_POSTGRESQL_URL")
    if url:
        asyncio.run(migrate(url))
    return url


@pytest.fixture
async def database(server: str | None, file_database: Database) -> AsyncIterator[Database]:
    if server is None:
        yield file_database
        return
    database = Database.open(server)
    await _empty(database)
    yield database
    await database.close()


async def _empty(database: Database) -> None:
    async with database.writing() as session:
        for table in reversed(SQLModel.metadata.sorted_tables):
            await session.execute(table.delete())
