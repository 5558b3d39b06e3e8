"""Who is at work, and whether Temporal gives them anything to do."""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.deployment.v1 import RoutingConfig
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from config import Settings
from doctor.findings import TOLERANCE, Finding, failed, ok
from runtime.queues import JOURNEYS_QUEUE, SENDING_QUEUE

#: A worker asks again within a minute; Temporal remembers it for five.
_ALIVE: Final = timedelta(minutes=2)
_QUEUES: Final = (
    (JOURNEYS_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    (SENDING_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
)


async def look_at_workers(
    client: Client, settings: Settings, now: Callable[[], datetime]
) -> AsyncGenerator[Finding, None]:
    """Findings about workers, their version, and the clock by which Temporal last saw them."""
    pollers: list[PollerInfo] = []
    idle = []
    for queue, kind in _QUEUES:
        found = [p for p in await _pollers(client, queue, kind) if now() - _seen_at(p) < _ALIVE]
        pollers += found
        if not found:
            idle.append(queue)
    yield _at_work(pollers, idle)
    routing = await _routing(client, settings.deployment_name)
    yield _version(settings, client.namespace, routing)
    if pollers:
        yield _clock(max(map(_seen_at, pollers)), now())


def _at_work(pollers: Sequence[PollerInfo], idle: Sequence[str]) -> Finding:
    if idle:
        return failed(
            "workers",
            f"No worker takes up {' and '.join(idle)}, so that runs sleep on: start `dormouse "
            "worker` with this TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or see its log.",
        )
    names = {poller.identity for poller in pollers}
    return ok("workers", f"Workers take up journeys and sending: {', '.join(sorted(names))}.")


def _version(settings: Settings, namespace: str, routing: RoutingConfig | None) -> Finding:
    """Whether what is current is what these settings name."""
    wanted, name = settings.build_id, settings.deployment_name
    current = routing.current_deployment_version.build_id if routing else ""
    if wanted == current:
        told = f"Version {wanted} of {name} is current" if wanted else "Workers are unversioned"
        return ok("version", f"{told}{_ramping(routing)}.")
    target = f"--build-id {wanted}" if wanted else "--unversioned"
    command = (
        f"`temporal worker deployment set-current-version --deployment-name {name} {target} "
        f"--namespace {namespace} --yes`"
    )
    if not wanted:
        return failed(
            "version",
            f"Temporal gives work to version {current} of {name} alone, and DORMOUSE_BUILD_ID is "
            f"not set: set it, or run {command}.",
        )
    there = f"version {current}" if current else "no version"
    return failed(
        "version",
        f"Workers of version {wanted} get nothing to do, for {there} of {name} is current: run "
        f"{command}.",
    )


def _ramping(routing: RoutingConfig | None) -> str:
    build = routing.ramping_deployment_version.build_id if routing else ""
    if not routing or not build:
        return ""
    return f", and {routing.ramping_version_percentage:g} % of runs go to {build}"


def _clock(seen_at: datetime, now: datetime) -> Finding:
    # Temporal tells no time; but it cannot have seen a worker later than now.
    ahead = seen_at - now
    if ahead > TOLERANCE:
        return failed(
            "temporal's clock",
            f"Temporal's clock is {round(ahead.total_seconds()):,} seconds ahead of this "
            "machine's: let both follow NTP.",
        )
    return ok("temporal's clock", "Temporal's clock is not ahead of this machine's.")


async def _pollers(
    client: Client, queue: str, kind: TaskQueueType.ValueType
) -> Sequence[PollerInfo]:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    return (await client.workflow_service.describe_task_queue(request)).pollers


async def _routing(client: Client, deployment: str) -> RoutingConfig | None:
    """Which version of the deployment gets work; None when Temporal knows of no version."""
    request = DescribeWorkerDeploymentRequest(
        namespace=client.namespace, deployment_name=deployment
    )
    try:
        found = await client.workflow_service.describe_worker_deployment(request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return found.worker_deployment_info.routing_config


def _seen_at(poller: PollerInfo) -> datetime:
    return poller.last_access_time.ToDatetime(UTC)
