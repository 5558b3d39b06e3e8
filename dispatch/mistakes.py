"""Runs that cannot go on: their story fails whenever they wake, and Temporal tries it again."""

from collections.abc import Iterable, Sequence
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client

#: Temporal marks a run itself, once its task has failed five times in a row: within a minute.
_STUCK: Final = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
#: Other failures are Temporal's way to try again: news came while the story was told.
_MISTAKES: Final = (
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
)
#: After a failure only what a run hears is added to its history: a handful of events.
_NEWEST: Final = 50


async def count_stuck(client: Client) -> int:
    """How many runs Temporal has marked."""
    return (await client.count_workflows(_STUCK)).count


async def any_stuck(client: Client) -> str | None:
    """The workflow id of one of them."""
    async for run in client.list_workflows(_STUCK, limit=1):
        return run.id
    return None


async def stuck_among(client: Client, workflow_ids: Sequence[str]) -> frozenset[str]:
    """Those of these workflows that Temporal has marked."""
    if not workflow_ids:
        return frozenset()
    these = ", ".join(f"'{workflow_id}'" for workflow_id in workflow_ids)
    query = f"{_STUCK} AND WorkflowId IN ({these})"
    return frozenset([run.id async for run in client.list_workflows(query)])


async def mistake_of(client: Client, workflow_id: str) -> str | None:
    """How the run's story failed when it was last told, in a line; None when it did not."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id),
        maximum_page_size=_NEWEST,
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(request)
    failure = _last_failure(answer.history.events)
    return _in_a_line(failure) if failure else None


def failure_in(event: HistoryEvent) -> Failure | None:
    """What the story failed with, if this is what the event tells."""
    failed = event.workflow_task_failed_event_attributes
    return failed.failure if failed.cause in _MISTAKES else None


def _last_failure(newest_first: Iterable[HistoryEvent]) -> Failure | None:
    """What the story failed with since a worker last got on with it."""
    for event in newest_first:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return None
        if failure := failure_in(event):
            return failure
    return None


def _in_a_line(failure: Failure) -> str:
    """Kind and first line of what a story failed with."""
    kind = failure.application_failure_info.type
    said = failure.message.partition("\n")[0]
    return f"{kind}: {said}" if kind else said
