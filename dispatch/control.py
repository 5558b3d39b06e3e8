"""Looking after single runs: where they are, and what an engineer tells them to do."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from dispatch.mistakes import mistake_of, stuck_among
from dispatch.schedules import REFRESH_COMPLEMENTS
from dispatch.temporal import is_about_the_namespace
from domain.errors import Refused, Unavailable
from domain.journeys import RunPosition
from runtime.queues import JOURNEYS_QUEUE

T = TypeVar("T")

#: How long somebody at a screen waits for Temporal, in seconds.
_PATIENCE: Final = 2.0
_DOWN: Final = "Temporal or its worker does not answer now; try again in a moment."
_STUCK: Final = (
    "The run's story fails whenever it wakes ({mistake}): mend the journey and deploy, or "
    "terminate the run in Temporal."
)
_NO_SCHEDULE: Final = "No worker has made the schedule yet; start one, then try again."


class RunControl:
    """Speaks with one run's workflow at a time, and never for longer than two seconds."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def position(self, workflow_id: str) -> RunPosition | None:
        """Where the run is, in its own words; None when nobody can tell now."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            async with asyncio.timeout(_PATIENCE):
                position: RunPosition = await handle.query("position", result_type=RunPosition)
        except (
            TimeoutError,
            RPCError,
            RuntimeError,
            WorkflowQueryFailedError,
            WorkflowQueryRejectedError,
        ):
            return None
        return position

    async def mistake(self, workflow_id: str) -> str | None:
        """How the run's story fails, in a line; None when it goes on, or nobody can tell now."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await mistake_of(self._client, workflow_id)
        except (TimeoutError, RPCError, RuntimeError):
            return None

    async def stuck(self, workflow_ids: Sequence[str]) -> frozenset[str]:
        """Those whose story fails again and again; none when nobody can tell now."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await stuck_among(self._client, workflow_ids)
        except (TimeoutError, RPCError, RuntimeError):
            return frozenset()

    async def pause(self, workflow_id: str) -> RunPosition:
        """Hold the run at its next step; raises Refused when it is paused or ended."""
        return await self._update(workflow_id, "pause")

    async def resume(self, workflow_id: str) -> RunPosition:
        """Let a paused run go on; raises Refused when it is not paused."""
        return await self._update(workflow_id, "resume")

    async def fast_forward(self, workflow_id: str) -> RunPosition:
        """End the run's current wait; raises Refused when it waits for nothing."""
        return await self._update(workflow_id, "fast_forward")

    async def end(self, workflow_id: str, reason: str) -> RunPosition:
        """End the run at its next step boundary, with `reason` as its exit reason."""
        return await self._update(workflow_id, "end", reason)

    async def refresh_complements(self) -> None:
        """Have what is bought together counted now, also while the schedule is paused."""
        schedule = self._client.get_schedule_handle(REFRESH_COMPLEMENTS)
        try:
            async with asyncio.timeout(_PATIENCE):
                await schedule.trigger()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Unavailable(_NO_SCHEDULE) from error
            raise Unavailable(_DOWN) from error
        except (TimeoutError, RuntimeError) as error:
            raise Unavailable(_DOWN) from error

    async def is_reachable(self) -> bool:
        """Whether Temporal answers."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._client.service_client.check_health()
        except (TimeoutError, RPCError, RuntimeError):
            return False

    async def worker_seen(self) -> bool:
        """Whether workers that are given journeys to run have asked for them in the last minutes.

        Those of a version that is not current are given none.
        """
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=JOURNEYS_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self._client.workflow_service.describe_task_queue(request)
        except (TimeoutError, RPCError, RuntimeError):
            return False
        current = found.versioning_info.current_deployment_version
        return any(
            _version_of(poller) == (current.deployment_name, current.build_id)
            for poller in found.pollers
        )

    async def _update(self, workflow_id: str, name: str, *args: Any) -> RunPosition:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            return await _answered(handle.execute_update(name, args=args, result_type=RunPosition))
        except Unavailable as error:
            if mistake := await self.mistake(workflow_id):
                raise Refused("run-stuck", _STUCK.format(mistake=mistake)) from error
            raise


def _version_of(poller: PollerInfo) -> tuple[str, str]:
    """The version of a poller's worker; of empty names where it has none, as Temporal says it."""
    options = poller.deployment_options
    if options.worker_versioning_mode != WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED:
        return "", ""
    return options.deployment_name, options.build_id


async def _answered(call: Awaitable[T]) -> T:
    """The answer to an update, or what went wrong in our own terms."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await call
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        code = cause.type if isinstance(cause, ApplicationError) and cause.type else "refused"
        raise Refused(code, getattr(cause, "message", str(error))) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and not is_about_the_namespace(error):
            raise Refused("run-ended", "The run has ended; nothing can be changed.") from error
        raise Unavailable(_DOWN) from error
    except (TimeoutError, RuntimeError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise Unavailable(_DOWN) from error
