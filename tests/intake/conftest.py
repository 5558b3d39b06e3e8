"""The intake, over SQLite and over PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from store.sessions import Database
from tests.fakes.front_door import FrontDoor, open_front_door
from tests.fakes.provider import Provider, mailed


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is written and read here must be the same with both."""
    return str(request.param)


@pytest.fixture
async def door(database: Database) -> AsyncIterator[FrontDoor]:
    async with open_front_door(database) as door:
        yield door


@pytest.fixture
async def provider(door: FrontDoor) -> Provider:
    return await mailed(door)
