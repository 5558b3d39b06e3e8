"""The one namespace of Temporal in which a database's runs live.

Every namespace answers alike that it does not know a run: only the one where the run was started
can say that it is gone. So the database remembers where its runs are, by the id that Temporal gave
to the namespace, and nothing is told to another: not to one that a misspelt setting names, nor to
one of the same name on another server.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import Invalid, Unavailable
from store.namespaces import namespace_of_runs, remember_namespace
from store.sessions import Database
from store.tables import TemporalNamespace

_ONE_CALL: Final = timedelta(seconds=10)
#: How long the start of who can do without Temporal waits for it, in seconds.
_PATIENCE: Final = 2.0


class RunsNamespace:
    """Knows whether the client's namespace is the one in which the database's runs live."""

    def __init__(self, *, database: Database, client: Client, now: Callable[[], datetime]) -> None:
        self._database, self._client, self._now = database, client, now
        self._asking = asyncio.Lock()
        self._is_right = False

    async def require(self) -> None:
        """Raise Invalid in a wrong namespace; where it was right once it is not asked again.

        The first namespace that a database meets is remembered. Raises Unavailable, or
        RuntimeError by a lazy client, when Temporal or the database does not answer.
        """
        if self._is_right:
            return
        async with self._asking:
            if not self._is_right:
                await self.confirm()

    async def confirm(self) -> None:
        """The same, asked now: another server may have taken the place of the one before."""
        self._is_right = False
        found = await described(self._client)
        async with self._database.reading() as session:
            known = await namespace_of_runs(session)
        if known is None:
            async with self._database.writing() as session:
                known = await remember_namespace(
                    session,
                    namespace_id=found.namespace_info.id,
                    name=found.namespace_info.name,
                    now=self._now(),
                )
        if not is_same(known, found):
            raise Invalid(where_runs_are(known, self._client))
        self._is_right = True

    async def require_if_known(self) -> None:
        """The same for who begins without Temporal or database: silent while either is away."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.require()
        except (RuntimeError, TimeoutError, Unavailable):
            return


async def described(client: Client) -> DescribeNamespaceResponse:
    """The client's namespace. Raises Invalid where there is none, Unavailable when nobody tells.

    A lazy client that cannot connect raises RuntimeError.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        return await client.workflow_service.describe_namespace(request, timeout=_ONE_CALL)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Invalid(
                f"Temporal has no namespace {client.namespace!r}: make it with `temporal operator "
                f"namespace create --namespace {client.namespace} --retention 30d`, or correct "
                "TEMPORAL_NAMESPACE."
            ) from error
        raise Unavailable(
            f"Temporal does not show the namespace {client.namespace!r} ({error.message}): check "
            "TEMPORAL_NAMESPACE, and what TEMPORAL_API_KEY or the client certificate may do."
        ) from error


def is_same(known: TemporalNamespace, found: DescribeNamespaceResponse) -> bool:
    """Whether the namespace that was found is the one that the database knows."""
    about = found.namespace_info
    return (known.namespace_id, known.name) == (about.id, about.name)


def where_runs_are(known: TemporalNamespace, client: Client) -> str:
    """What is wrong when the client's namespace is not the known one, and what to do."""
    where = client.service_client.config.target_host
    return (
        f"This database's runs are in Temporal's namespace {known.name!r} with the id "
        f"{known.namespace_id}, which {client.namespace!r} at {where} is not: correct "
        "TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE or, if Temporal was moved or lost, stop gateways "
        "and workers and run `dormouse forget-namespace`."
    )
