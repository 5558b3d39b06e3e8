"""Every test of the store works with SQLite and with PostgreSQL, unless it says which."""

from pathlib import Path

import pytest

from tests.postgresql import Server


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
