"""A real Temporal server with nobody at work, set up for our runs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.testing import WorkflowEnvironment

from dispatch.temporal import SEARCH_ATTRIBUTES
from tests.programs import TEMPORAL


@contextmanager
def temporal_server(*, is_prepared: bool = True) -> Iterator[str]:
    """The address of a server, with our search attributes unless it is not prepared."""
    started = WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL,
        search_attributes=SEARCH_ATTRIBUTES if is_prepared else (),
    )
    environment = asyncio.run(started)
    yield environment.client.service_client.config.target_host
    asyncio.run(environment.shutdown())
