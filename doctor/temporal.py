"""What Temporal tells: server, namespace, search attributes, and who is at work."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
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
#: Where the operator's calls are closed, as on Temporal Cloud.
_CLOSED: Final = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
_KEYWORD: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


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
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        found = (await client.operator_service.list_search_attributes(request)).custom_attributes
    except RPCError as error:
        if error.status not in _CLOSED:
            raise
        return await _searched(client)
    for key in SEARCH_ATTRIBUTES:
        if key.name in found and found[key.name] != _KEYWORD:
            return failed(
                "search attributes",
                f"The search attribute {key.name} is not of the type Keyword: use another "
                "namespace, for a type cannot be changed.",
            )
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in found]
    return _missing(client, missing) if missing else _registered()


async def _searched(client: Client) -> Finding:
    """The same, found out by searching."""
    missing = []
    for key in SEARCH_ATTRIBUTES:
        try:
            await client.count_workflows(f"{key.name} = 'nobody'")
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            missing.append(key.name)
    return _missing(client, missing) if missing else _registered()


def _missing(client: Client, names: list[str]) -> Finding:
    options = " ".join(f"--name {name} --type Keyword" for name in names)
    return failed(
        "search attributes",
        f"Temporal does not know {' and '.join(names)}, and no run can start: add them with "
        f"`temporal operator search-attribute create --namespace {client.namespace} {options}` (on "
        "Temporal Cloud: in the namespace's settings).",
    )


def _registered() -> Finding:
    return ok("search attributes", "Runs can be searched by customer and by version of settings.")
