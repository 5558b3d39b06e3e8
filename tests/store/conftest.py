"""Every test of the store works with SQLite and with PostgreSQL, unless it says which."""

from pathlib import Path

import pytest

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
