"""Whether it is alive, whether it is ready, and how it does."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.dependencies import MetricsDep, ServicesDep
from api.services import Services
from domain.errors import Unavailable
from store.dispatches import backlog, oldest

router = APIRouter(tags=["Operation"])

#: A part that takes longer counts as not answering.
_PATIENCE: Final = timedelta(seconds=3)


class Health(BaseModel):
    """The gateway's process is alive."""

    status: Literal["ok"] = "ok"
    version: str
    time_scale: float = Field(description="Virtual seconds per real second; 1 in production.")
    instance: str = Field(description="The same for gateways whose links are signed alike.")


class Readiness(BaseModel):
    """Whether each part answers; without Temporal and worker, events are kept but journeys rest."""

    ready: bool
    stopping: bool = Field(description="It was asked to stop, and answers what still comes.")
    database: bool
    temporal: bool
    worker: bool


@router.get("/healthz", summary="Alive?")
async def tell_health(request: Request, services: ServicesDep) -> Health:
    """Answers as long as the process does; asks nobody else."""
    return Health(
        version=request.app.version,
        time_scale=services.settings.time_scale,
        instance=services.links.fingerprint,
    )


@router.get(
    "/readyz",
    summary="Ready?",
    responses={HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": Readiness}},
)
async def tell_readiness(request: Request, services: ServicesDep, response: Response) -> Readiness:
    """Whether database and Temporal answer and a worker was seen: 200, or 503 if one is missing.

    503 as well as soon as the gateway was asked to stop: a proxy sends it nothing new then.
    """
    database, temporal, worker = await asyncio.gather(
        _in_time(_database_answers(services)),
        _in_time(services.control.is_reachable()),
        _in_time(services.control.worker_seen()),
    )
    is_stopping: bool = request.app.state.is_stopping
    is_ready = database and temporal and worker and not is_stopping
    if not is_ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Readiness(
        ready=is_ready,
        stopping=is_stopping,
        database=database,
        temporal=temporal,
        worker=worker,
    )


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def tell_metrics(services: ServicesDep, metrics: MetricsDep) -> Response:
    """What was counted and timed since this process started, in Prometheus' text format."""
    metrics.worker.set(await _in_time(services.control.worker_seen()))
    try:
        async with services.database.reading() as session:
            metrics.backlog.set(await backlog(session))
            metrics.backlog_age.set(_age(await oldest(session)))
    except Unavailable:
        metrics.backlog.set(float("nan"))
        metrics.backlog_age.set(float("nan"))
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _age(waiting_since: datetime | None) -> float:
    return (datetime.now(UTC) - waiting_since).total_seconds() if waiting_since else 0.0


async def _database_answers(services: Services) -> bool:
    async with services.database.reading() as session:
        await backlog(session)
    return True


async def _in_time(answer: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await answer
    except (TimeoutError, Unavailable):
        return False
