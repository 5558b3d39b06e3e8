"""Runs: who is where in which journey, and taking them in hand."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Body, Query
from pydantic import TypeAdapter

from api.dependencies import Managing, Principal, Reading, ServicesDep
from api.json_bodies import JsonRoute
from api.openapi import problems
from api.paging import Page, PageDep
from api.paths import WHICH_CUSTOMER, RunId
from api.schemas.runs import EndRequest, RunView, temporal_url
from api.services import Services
from domain.errors import NotFound, Unavailable
from domain.journeys import OVER, RunPosition, RunStatus
from store import tables
from store.audits import audit
from store.customers import customer_by_any_id
from store.dispatches import start_is_due
from store.ledger import mark_run
from store.runs import RunFilter, RunRecord, find_run, list_runs, messages_of
from store.sessions import AsyncSession

router = APIRouter(prefix="/v1/runs", tags=["Runs"], route_class=JsonRoute)

_BEHIND: Final = TypeAdapter(tuple[str])
_MAY_BE_OVER: Final = problems(HTTPStatus.CONFLICT)


@router.get("", summary="List runs")
async def runs(
    _caller: Reading,
    services: ServicesDep,
    page: PageDep,
    journey: str | None = None,
    customer_id: Annotated[str | None, Query(description=WHICH_CUSTOMER)] = None,
    status: RunStatus | None = None,
) -> Page[RunView]:
    """Runs, the latest first, as last recorded, and whether they are stuck.

    Ask for one run to learn where it is now, and what its story fails with.
    """
    behind = page.behind(_BEHIND)
    async with services.database.reading() as session:
        wanted = await _filter(session, journey, customer_id, status)
        if wanted is None:
            return Page(items=[])
        after = behind[0] if behind else None
        found = await list_runs(session, wanted, after=after, limit=page.fetch)
        messages = await messages_of(session, [record.run.id for record in found])
    listed = page.page(
        found,
        key=lambda record: (record.run.id,),
        show=lambda record: _view(record, messages, services),
    )
    return await _with_stuck(services, listed)


@router.get("/{run_id}", summary="Show a run")
async def run(_caller: Reading, run_id: RunId, services: ServicesDep) -> RunView:
    """One run: where it is now, what it waits for until when, and what it sent or why not."""
    view = await read_run(services, run_id)
    if view.status in OVER:
        return view
    position, mistake = await asyncio.gather(
        services.control.position(view.workflow_id), services.control.mistake(view.workflow_id)
    )
    if mistake:
        return view.stuck_with(mistake)
    return view.at(position) if position else view


@router.post("/{run_id}/pause", summary="Pause a run", responses=_MAY_BE_OVER)
async def pause(caller: Managing, run_id: RunId, services: ServicesDep) -> RunView:
    """Hold the run where it is. Its wait goes on, but nothing is sent until it is resumed."""
    return await _moved(
        services, run_id, services.control.pause, action="run.paused", caller=caller
    )


@router.post("/{run_id}/resume", summary="Resume a run", responses=_MAY_BE_OVER)
async def resume(caller: Managing, run_id: RunId, services: ServicesDep) -> RunView:
    """Let a paused run go on."""
    return await _moved(
        services, run_id, services.control.resume, action="run.resumed", caller=caller
    )


@router.post("/{run_id}/fast-forward", summary="Fast-forward a run", responses=_MAY_BE_OVER)
async def fast_forward(caller: Managing, run_id: RunId, services: ServicesDep) -> RunView:
    """End the wait in progress now, as if its time were up."""
    return await _moved(
        services,
        run_id,
        services.control.fast_forward,
        action="run.fast-forwarded",
        caller=caller,
    )


@router.post("/{run_id}/end", summary="End a run", responses=_MAY_BE_OVER)
async def end(
    caller: Managing,
    run_id: RunId,
    services: ServicesDep,
    request: Annotated[EndRequest | None, Body()] = None,
) -> RunView:
    """End the run for good. A mail that is leaving already is still recorded."""
    reason = (request or EndRequest()).reason
    end_it = partial(services.control.end, reason=reason)
    return await _moved(services, run_id, end_it, action="run.ended", caller=caller, reason=reason)


async def read_run(services: Services, run_id: str) -> RunView:
    """The run as last recorded; raises NotFound."""
    async with services.database.reading() as session:
        record = await find_run(session, run_id)
        if record is None:
            raise NotFound(f"There is no run {run_id!r}; GET /v1/runs lists them.")
        return _view(record, await messages_of(session, [run_id]), services)


async def _moved(
    services: Services,
    run_id: str,
    move: Callable[[str], Awaitable[RunPosition]],
    *,
    action: str,
    caller: Principal,
    **detail: str,
) -> RunView:
    """Move the run's workflow, and keep in the audit trail who did it."""
    view = await _begun(services, run_id)
    position = await move(view.workflow_id)
    async with services.database.writing() as session:
        now = datetime.now(UTC)
        await audit(session, action, run_id, actor=caller.name, now=now, detail=detail)
        if position.status not in OVER:  # a run records its own end
            await mark_run(session, run_id, status=position.status)
    return view.at(position)


async def _begun(services: Services, run_id: str) -> RunView:
    """A run that Temporal knows; raises NotFound, and Unavailable until Temporal was told of it."""
    view = await read_run(services, run_id)
    async with services.database.reading() as session:
        if await start_is_due(session, run_id):
            raise Unavailable("Temporal has not been told of this run yet; try again in a moment.")
    return view


async def _filter(
    session: AsyncSession, journey: str | None, customer_id: str | None, status: RunStatus | None
) -> RunFilter | None:
    if customer_id is None:
        return RunFilter(journey=journey, status=status)
    customer = await customer_by_any_id(session, customer_id)
    return RunFilter(journey, customer.id, status) if customer else None


async def _with_stuck(services: Services, listed: Page[RunView]) -> Page[RunView]:
    """The same runs; of those that are stuck, it says so."""
    alive = [view.workflow_id for view in listed.items if view.status not in OVER]
    if not alive or not (stuck := await services.control.stuck(alive)):
        return listed
    items = [view.stuck_with(None) if view.workflow_id in stuck else view for view in listed.items]
    return listed.model_copy(update={"items": items})


def _view(
    record: RunRecord, messages: Mapping[str, Sequence[tables.Message]], services: Services
) -> RunView:
    ui, namespace = services.settings.ui_url, services.temporal_namespace
    url = temporal_url(ui, namespace, record.run.workflow_id)
    return RunView.of(record, messages.get(record.run.id, ()), temporal_url=url)
