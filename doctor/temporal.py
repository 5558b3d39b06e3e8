"""What Temporal tells: server, namespace, search attributes, and who is at work."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    GetSystemInfoRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from config import Settings
from dispatch.connection import connect
from dispatch.temporal import SEARCH_ATTRIBUTES
from doctor.findings import Finding, failed, ok, warning
from doctor.workers import look_at_workers
from domain.errors import DormouseError

#: A start that is told again, after an outage, must still find the run that it began.
_SHORTEST: Final = timedelta(days=7)
#: For how long an engineer wants to look at a run that ended.
_LONG_ENOUGH: Final = timedelta(days=30)


async def look_at_temporal(
    settings: Settings, now: Callable[[], datetime]
) -> AsyncGenerator[Finding, None]:
    """Findings about Temporal; the first that fails may be the last."""
    try:
        client = await connect(settings.temporal_address)
    except DormouseError as error:
        yield failed("temporal", str(error))
        return
    yield await _server(client)
    described = await _namespace(client)
    if isinstance(described, Finding):
        yield described
        return
    yield _retention(client.namespace, described)
    yield await _search_attributes(client)
    async for finding in look_at_workers(client, settings, now):
        yield finding


async def _server(client: Client) -> Finding:
    about = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    where = client.service_client.config.target_host
    return ok("temporal", f"Temporal {about.server_version} answers at {where}.")


async def _namespace(client: Client) -> DescribeNamespaceResponse | Finding:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        return await client.workflow_service.describe_namespace(request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return failed(
                "namespace",
                f"Temporal has no namespace {client.namespace!r}: make it with `temporal operator "
                f"namespace create --namespace {client.namespace} --retention 30d`, or correct "
                "TEMPORAL_NAMESPACE.",
            )
        return failed(
            "namespace",
            f"Temporal does not show the namespace {client.namespace!r} ({error.message}): check "
            "TEMPORAL_NAMESPACE, and what TEMPORAL_API_KEY or the client certificate may do.",
        )


def _retention(namespace: str, described: DescribeNamespaceResponse) -> Finding:
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    if kept >= _LONG_ENOUGH:
        return ok("retention", f"Temporal keeps runs that ended for {kept.days} days.")
    say = failed if kept < _SHORTEST else warning
    return say(
        "retention",
        f"Temporal forgets runs {kept.days} days after their end: keep them for 30 with `temporal "
        f"operator namespace update --namespace {namespace} --retention 30d`.",
    )


async def _search_attributes(client: Client) -> Finding:
    # Found out by searching: who may list them is the operator's business, on Temporal Cloud too.
    missing = [key.name for key in SEARCH_ATTRIBUTES if not await _can_search(client, key.name)]
    if not missing:
        return ok(
            "search attributes", "Runs can be searched by customer and by version of settings."
        )
    options = " ".join(f"--name {name} --type Keyword" for name in missing)
    return failed(
        "search attributes",
        f"Temporal does not know the keywords {' and '.join(missing)}, and no run can start: add "
        f"them with `temporal operator search-attribute create --namespace {client.namespace} "
        f"{options}` (on Temporal Cloud: in the namespace's settings).",
    )


async def _can_search(client: Client, name: str) -> bool:
    try:
        await client.count_workflows(f"{name} = 'nobody'")
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return False
        raise
    return True
