"""The namespace of a Temporal server, made ready for our runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from dispatch.temporal import SEARCH_ATTRIBUTES
from domain.errors import DormouseError
from local.temporal_server import RETENTION, keep_finished_runs

_PATIENCE: Final = timedelta(minutes=2)
_ASK_AGAIN_AFTER: Final = timedelta(milliseconds=250)


async def prepare_namespace(address: str, namespace: str) -> None:
    """Make the namespace with its search attributes, and return once the server knows both.

    Harmless when they are there. Raises DormouseError when the server does not get so far.
    """
    client = await Client.connect(address, namespace=namespace)
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            await _patiently(client, _register)
            await _patiently(client, _keep)
            await _patiently(client, _add_search_attributes)
            await _patiently(client, _use_them)
    except TimeoutError:
        raise DormouseError(
            f"Temporal at {address} did not make the namespace {namespace} within {_PATIENCE}: "
            "see the logs of frontend and history."
        ) from None


async def _patiently(client: Client, step: Callable[[Client], Awaitable[None]]) -> None:
    """Do `step` until it succeeds: the roles of a young cluster still get to know each other."""
    while True:
        try:
            await step(client)
        except RPCError as error:
            if error.status is RPCStatusCode.ALREADY_EXISTS:
                return
        else:
            return
        await asyncio.sleep(_ASK_AGAIN_AFTER.total_seconds())


async def _register(client: Client) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=client.namespace, workflow_execution_retention_period=retention
        )
    )


async def _keep(client: Client) -> None:
    await keep_finished_runs(client, namespace=client.namespace)


async def _add_search_attributes(client: Client) -> None:
    service = client.operator_service
    listed = await service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    known = listed.custom_attributes
    missing = {key.name: keyword for key in SEARCH_ATTRIBUTES if key.name not in known}
    if missing:
        await service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def _use_them(client: Client) -> None:
    for key in SEARCH_ATTRIBUTES:
        await client.count_workflows(f"{key.name} = 'nobody'")
