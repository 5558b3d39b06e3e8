"""Every test of the store works with SQLite and with PostgreSQL, unless it says which."""

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is written and read here must be the same with both."""
    return str(request.param)
