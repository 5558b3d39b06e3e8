"""A real Temporal server for the tests of this folder, started once; each test has its own data."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from dispatch.connection import connect
from dispatch.temporal import SEARCH_ATTRIBUTES
from store.sessions import Database
from tests.fakes.clock import Clock
from tests.fakes.post import Post
from tests.programs import TEMPORAL


@pytest.fixture(scope="package")
def temporal() -> Iterator[str]:
    """The server's address."""
    started = WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL, search_attributes=SEARCH_ATTRIBUTES
    )
    environment = asyncio.run(started)
    yield environment.client.service_client.config.target_host
    asyncio.run(environment.shutdown())


@pytest.fixture
async def client(temporal: str) -> Client:
    return await connect(temporal)


@pytest.fixture
async def post(database: Database, client: Client) -> AsyncIterator[Post]:
    post = Post(database, client, Clock())
    yield post
    await post.leave_nothing_running()
