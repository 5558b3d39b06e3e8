"""A real Temporal server with nobody at work, set up for our runs."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from temporalio.testing import WorkflowEnvironment

from dispatch.temporal import SEARCH_ATTRIBUTES
from tests.programs import TEMPORAL

#: A run counts as stuck after two failures instead of five, which take most of a minute.
SOON_STUCK: Final = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"


@contextmanager
def temporal_server(*, is_prepared: bool = True, tuning: Sequence[str] = ()) -> Iterator[str]:
    """The address of a server, with our search attributes unless it is not prepared.

    `tuning` are values of Temporal's dynamic configuration, `key=value`.
    """
    started = WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL,
        dev_server_extra_args=[w for value in tuning for w in ("--dynamic-config-value", value)],
        search_attributes=SEARCH_ATTRIBUTES if is_prepared else (),
    )
    environment = asyncio.run(started)
    yield environment.client.service_client.config.target_host
    asyncio.run(environment.shutdown())
