"""Telling Temporal of one start or signal, so that telling it twice does no harm."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure, NotFoundFailure
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from runtime.queues import JOURNEYS_QUEUE

_SIGNALS: Final = UUID("0d2e9f1c-7a43-4f0e-8c58-b1a3a0a6c4e7")
#: Registered with every Temporal server that Dormouse runs on.
CUSTOMER: Final = SearchAttributeKey.for_keyword("DormouseCustomer")
SETTINGS_VERSION: Final = SearchAttributeKey.for_keyword("DormouseJourneyVersion")
SEARCH_ATTRIBUTES: Final = (CUSTOMER, SETTINGS_VERSION)


class RunIsGone(Exception):
    """Temporal has no open workflow for the run: it ended, or was terminated by hand."""


async def start(
    client: Client, *, journey: str, workflow_id: str, version: int, payload: Mapping[str, Any]
) -> None:
    """Start a run's workflow; when it was started before, nothing happens."""
    customer_id = payload["customer_id"]
    attributes = TypedSearchAttributes(
        [
            SearchAttributePair(CUSTOMER, customer_id),
            SearchAttributePair(SETTINGS_VERSION, str(version)),
        ]
    )
    try:
        await client.start_workflow(
            journey,
            payload,
            id=workflow_id,
            task_queue=JOURNEYS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=attributes,
            priority=Priority(fairness_key=journey),
            static_summary=f"{journey} of {customer_id}",
        )
    except WorkflowAlreadyStartedError:
        return  # it ran and ended already


async def signal(
    client: Client, *, workflow_id: str, name: str, payload: Mapping[str, Any]
) -> None:
    """Tell a run of an event; its id makes a repetition harmless. Raises RunIsGone."""
    encoded = await client.data_converter.encode([payload])
    request = SignalWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        signal_name=name,
        input=Payloads(payloads=encoded),
        request_id=str(uuid5(_SIGNALS, f"{payload['id']}/{name}")),
        identity=client.identity,
    )
    try:
        await client.workflow_service.signal_workflow_execution(request, retry=False)
    except RPCError as error:
        if is_about_the_run(error):
            raise RunIsGone(str(error)) from error
        raise


def is_about_the_run(error: RPCError) -> bool:
    """Whether Temporal says that it has no open workflow; a missing namespace is not found too."""
    details = error.grpc_status.details
    return error.status is RPCStatusCode.NOT_FOUND and any(
        detail.Is(NotFoundFailure.DESCRIPTOR) for detail in details
    )


def is_about_the_namespace(error: RPCError) -> bool:
    """Whether Temporal says that it has no such namespace."""
    details = error.grpc_status.details
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details)
