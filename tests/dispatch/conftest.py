"""A real Temporal server for the tests of this folder, started once; each test has its own data."""

from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from dispatch.connection import connect
from store.sessions import Database
from tests.fakes.clock import Clock
from tests.fakes.post import Post
from tests.fakes.temporal_server import temporal_server


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is written and read here must be the same with both."""
    return str(request.param)


@pytest.fixture(scope="package")
def temporal() -> Iterator[str]:
    """The server's address."""
    with temporal_server() as address:
        yield address


@pytest.fixture
async def client(temporal: str) -> Client:
    return await connect(temporal)


@pytest.fixture
async def post(database: Database, client: Client) -> AsyncIterator[Post]:
    post = Post(database, client, Clock())
    yield post
    await post.leave_nothing_running()
