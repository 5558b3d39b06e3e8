"""Every test of the store works with SQLite and with PostgreSQL, unless it says which."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from store.sessions import Database
from tests.fakes.friends import FRIENDS, friends, write
from tests.fakes.relay import Relay
from tests.postgresql import Server
from tests.store.full_database import fill_first_version


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is written and read here must be the same with both."""
    return str(request.param)


@pytest.fixture
def bare_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables; with SQLite there is not even a folder for it."""
    if dialect == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/data/dormouse.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
async def full(bare_url: str, tmp_path: Path) -> str:
    """A database as the first version leaves it after a while."""
    (tmp_path / "data").mkdir()
    await fill_first_version(bare_url)
    return bare_url


@pytest.fixture
async def known(bare_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of friends, of whom nobody is there yet."""
    (tmp_path / "data").mkdir()
    database = Database.open(bare_url)
    await write(database, lambda session: session.execute(text(FRIENDS)))
    yield database
    await database.close()


@pytest.fixture
async def relay(known: Database, bare_url: str) -> AsyncIterator[Relay]:
    """A way to the friends' server."""
    assert await friends(known) == []
    async with Relay.to(bare_url) as relay:
        yield relay
