"""The intake over a database file, or over PostgreSQL when TEST_POSTGRESQL_URL names one."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlmodel import SQLModel

from store.migrations.run import migrate
from store.sessions import Database
from tests.fakes.front_door import FrontDoor, open_front_door


@pytest.fixture
async def database(database: Database) -> AsyncIterator[Database]:
    url = os.environ.get("TEST_POSTGRESQL_URL")
    if url is None:
        yield database
        return
    await migrate(url)
    server = Database.open(url)
    async with server.writing() as session:
        for table in reversed(SQLModel.metadata.sorted_tables):
            await session.execute(table.delete())
    yield server
    await server.close()


@pytest.fixture
async def door(database: Database) -> AsyncIterator[FrontDoor]:
    async with open_front_door(database) as door:
        yield door
