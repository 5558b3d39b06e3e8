"""Segment's HTTP API: what customers do, sent by the clients that shops have already."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.dependencies import Ingesting, IntakeDep, MetricsDep, Principal, Scope
from api.json_bodies import read_json
from api.metrics import Metrics
from api.reading import Read, read_batch, read_one
from api.schemas.segment import CALLS, Batch, Message, Taken
from api.services import Intake
from api.understanding import Arrival

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/v1", tags=["Events"])

#: How Segment's Ruby client calls itself.
_RUBY: Final = "analytics-ruby/"
_TAKEN: Final = b'{"success":true}'


def _body_of(model: type[BaseModel], example: object) -> dict[str, Any]:
    """What OpenAPI says of a body that we read ourselves."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _taking(model: type[Message]) -> Callable[..., Awaitable[Response]]:
    async def take(
        caller: Ingesting, request: Request, intake: IntakeDep, metrics: MetricsDep
    ) -> Response:
        value = await read_json(request)
        read = read_one(value, model, _arrival(caller))
        _note(read, caller)
        return await _keep(read, intake, metrics)

    return take


for _name, _model in CALLS.items():
    router.add_api_route(
        f"/{_name}",
        _taking(_model),
        methods=["POST"],
        name=_name,
        summary=_name.title(),
        description=_model.__doc__,
        response_model=Taken,
        response_model_exclude_none=True,
        openapi_extra=_body_of(_model, _model.example),
    )


@router.post(
    "/batch",
    response_model=Taken,
    response_model_exclude_none=True,
    openapi_extra=_body_of(Batch, Batch.example),
)
async def batch(
    caller: Ingesting, request: Request, intake: IntakeDep, metrics: MetricsDep
) -> Response:
    """Several calls at once. A bad one is reported by its index; the good ones are kept."""
    return await _take_batch(request, caller, intake, metrics, is_history=False)


@router.post(
    "/import",
    name="import",
    summary="Import",
    response_model=Taken,
    response_model_exclude_none=True,
    openapi_extra=_body_of(Batch, Batch.example),
)
async def import_history(
    caller: Ingesting, request: Request, intake: IntakeDep, metrics: MetricsDep
) -> Response:
    """History only, in the form of a batch: learned from, but it starts and ends no journey.

    Segment's Ruby client sends its news here as well; from it they are taken as a batch.
    """
    is_history = not request.headers.get("user-agent", "").startswith(_RUBY)
    return await _take_batch(request, caller, intake, metrics, is_history=is_history)


async def _take_batch(
    request: Request, caller: Principal, intake: Intake, metrics: Metrics, *, is_history: bool
) -> Response:
    value = await read_json(request)
    size = len(await request.body())
    arrival = _arrival(caller, is_history=is_history)
    read = read_batch(value, size=size, arrival=arrival)
    caller.spend(len(read.incoming) + len(read.rejected) - 1)
    _note(read, caller)
    return await _keep(read, intake, metrics)


def _arrival(caller: Principal, *, is_history: bool = False) -> Arrival:
    return Arrival(
        datetime.now(UTC), is_history=is_history, may_join_users=Scope.MANAGE in caller.scopes
    )


def _note(read: Read, caller: Principal) -> None:
    """Tell the log about bad messages: Segment's clients never look into our answer."""
    for remark in read.rejected[:1]:
        place = remark.errors[0]
        logger.warning(
            "messages.rejected: %d by key %s, the first because of %s: %s",
            len(read.rejected),
            caller.name,
            place.field or "the message",
            place.message,
        )


async def _keep(read: Read, intake: Intake, metrics: Metrics) -> Response:
    metrics.rejected.inc(len(read.rejected))
    if not read.incoming:
        raise read.nothing_kept()
    metrics.batches.observe(len(read.incoming) + len(read.rejected))
    with metrics.commits.time():
        await intake.accept(read.incoming)
    for call, count in Counter(message.call for message in read.incoming).items():
        metrics.accepted.labels(call).inc(count)
    if not (read.rejected or read.warnings):
        return Response(_TAKEN, media_type="application/json")
    taken = Taken(rejected=read.rejected or None, warnings=read.warnings or None)
    return JSONResponse(taken.model_dump(mode="json", by_alias=True, exclude_none=True))
