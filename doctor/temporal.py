"""What Temporal tells: server, namespace, search attributes, who is at work, and what is stuck."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceResponse,
    GetSystemInfoRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from config import Settings
from dispatch.connection import connect
from dispatch.namespaces import described, is_same, where_runs_are
from dispatch.temporal import SEARCH_ATTRIBUTES
from doctor.findings import Finding, failed, ok, warning
from doctor.runs import look_at_runs
from doctor.workers import look_at_workers
from domain.errors import DormouseError
from store.migrations.run import current_revision
from store.namespaces import namespace_of_runs
from store.sessions import Database
from store.tables import TemporalNamespace

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
    try:
        namespace = await described(client)
    except DormouseError as error:
        yield failed("namespace", str(error))
        return
    yield await _place_of_runs(settings, client, namespace)
    yield _retention(client.namespace, namespace)
    yield await _search_attributes(client)
    async for finding in look_at_workers(client, settings, now):
        yield finding
    yield await look_at_runs(client)


async def _server(client: Client) -> Finding:
    about = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    where = client.service_client.config.target_host
    return ok("temporal", f"Temporal {about.server_version} answers at {where}.")


async def _place_of_runs(
    settings: Settings, client: Client, namespace: DescribeNamespaceResponse
) -> Finding:
    """Whether the namespace is the one in which the database's runs live."""
    known = await _known(settings)
    if known is None:
        return ok("namespace", f"Temporal has the namespace {client.namespace!r}.")
    if not is_same(known, namespace):
        return failed("namespace", where_runs_are(known, client))
    return ok("namespace", f"This database's runs are in the namespace {client.namespace!r}.")


async def _known(settings: Settings) -> TemporalNamespace | None:
    """The namespace that the database remembers; a database that cannot tell has its own check."""
    database = Database.open(settings.database)
    try:
        if await current_revision(settings.database) is None:
            return None
        async with database.reading() as session:
            return await namespace_of_runs(session)
    except DormouseError:
        return None
    finally:
        await database.close()


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
