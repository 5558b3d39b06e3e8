"""Customers by the shop's ids: what is known, what they allowed, their story, forgetting them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import Field, TypeAdapter

from api.dependencies import DatabaseDep, IntakeDep, Managing, Reading, SessionDep
from api.json_bodies import JsonRoute
from api.paging import Page, PageDep, SortKey, SortTime
from api.paths import CustomerId
from api.schemas.customers import ConsentChanges, CustomerView, MomentView
from domain.errors import NotFound
from store import tables
from store.consents import consents_in_force
from store.customers import anonymous_ids_of, customer_by_any_id
from store.sessions import AsyncSession, Database
from store.suppressions import suppressions_of
from store.timeline import Kind, Moment, Place, timeline

router = APIRouter(prefix="/v1/customers", tags=["Customers"], route_class=JsonRoute)

_RowId = Annotated[int, Field(ge=0, lt=2**63)]
_Numbered = Literal[Kind.CONSENT, Kind.EVENT, Kind.DELIVERY]
_Named = Literal[Kind.RUN_ENTERED, Kind.MESSAGE, Kind.RUN_ENDED]
#: Time, kind and row of the last moment seen; PostgreSQL compares an id with its own type alone.
_BEHIND: Final = TypeAdapter(tuple[SortTime, _Numbered, _RowId] | tuple[SortTime, _Named, str])


@router.get("/{customer_id}", summary="Show a customer")
async def customer(_caller: Reading, customer_id: CustomerId, session: SessionDep) -> CustomerView:
    """What is known of a customer, and whether and why they may be written to."""
    return await _view(session, await _known(session, customer_id))


@router.get("/{customer_id}/timeline", summary="Show a customer's story")
async def story(
    _caller: Reading, customer_id: CustomerId, session: SessionDep, page: PageDep
) -> Page[MomentView]:
    """Events, consents, runs, messages and what became of them; the latest first."""
    behind = page.behind(_BEHIND)
    found = await timeline(
        session,
        (await _known(session, customer_id)).id,
        after=Place(*behind) if behind else None,
        limit=page.fetch,
    )
    return page.page(found, key=_place, show=MomentView.of)


@router.put("/{customer_id}/consents", summary="Record consent")
async def change_consents(
    caller: Managing,
    customer_id: CustomerId,
    changes: ConsentChanges,
    database: DatabaseDep,
    intake: IntakeDep,
) -> CustomerView:
    """Record grants and withdrawals with their proof; what is not named stays as it is.

    A withdrawal of marketing by e-mail ends the customer's marketing journeys. With double opt-in
    switched on, marketing by e-mail waits to be confirmed, unless its basis is `double_opt_in`.
    """
    await intake.change_consent(
        await _id_of(database, customer_id),
        [change.request for change in changes.consents],
        source="api",
        evidence={**changes.evidence, "key": caller.name},
    )
    async with database.reading() as session:
        return await _view(session, await _known(session, customer_id))


@router.delete("/{customer_id}", status_code=HTTPStatus.NO_CONTENT, summary="Forget a customer")
async def erase(
    caller: Managing, customer_id: CustomerId, database: DatabaseDep, intake: IntakeDep
) -> None:
    """Erase the person and end their runs. Their address stays suppressed, as a hash only."""
    await intake.erase(await _id_of(database, customer_id), actor=caller.name)


async def _known(session: AsyncSession, any_id: str) -> tables.Customer:
    found = await customer_by_any_id(session, any_id)
    if found is None:
        raise NotFound(f"There is no customer {any_id!r}; an identify call makes one known.")
    return found


async def _id_of(database: Database, any_id: str) -> str:
    async with database.reading() as session:
        return (await _known(session, any_id)).id


async def _view(session: AsyncSession, found: tables.Customer) -> CustomerView:
    return CustomerView.of(
        found,
        anonymous_ids=await anonymous_ids_of(session, found.id),
        consents=await consents_in_force(session, found.id),
        suppressions=await suppressions_of(session, found.email) if found.email else [],
        now=datetime.now(UTC),
    )


def _place(moment: Moment) -> SortKey:
    place = moment.place
    return place.at.isoformat(), int(place.kind), place.id
