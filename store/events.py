"""Queries on what customers did."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, select
from sqlmodel import col

from domain.events import Event, EventName
from domain.facts import facts_of
from store import tables
from store.sessions import AsyncSession
from store.statements import any_of, fetch

#: What `read_event` wants of a row.
EVENT_COLUMNS: Final = (
    col(tables.Event.message_id),
    col(tables.Event.name),
    col(tables.Event.happened_at),
    col(tables.Event.received_at),
    col(tables.Event.properties),
    col(tables.Event.is_history),
)

_ABOUT: Final = (
    (col(tables.Event.customer_id) == bindparam("customer_id"))
    & (col(tables.Event.happened_at) >= bindparam("since"))
    & col(tables.Event.name).in_(any_of("names"))
)
_EVENTS_SINCE: Final = (
    select(*EVENT_COLUMNS)
    .where(_ABOUT)
    .order_by(col(tables.Event.happened_at).desc(), col(tables.Event.id).desc())
    .limit(bindparam("latest"))
)
_MOMENTS: Final = select(col(tables.Event.happened_at)).where(_ABOUT)


def read_event(row: Row[Any]) -> Event:
    """The event that a row keeps."""
    return Event(
        id=row.message_id,
        name=EventName(row.name),
        happened_at=row.happened_at,
        received_at=row.received_at,
        facts=facts_of(row.properties),
        properties=row.properties,
        is_history=row.is_history,
    )


async def events_since(
    session: AsyncSession,
    customer_id: str,
    since: datetime,
    *,
    names: Collection[str],
    latest: int = 500,
) -> list[Event]:
    """The customer's events of these names from `since` on, in order of time.

    Of more than `latest` the most recent ones.
    """
    found = await fetch(
        session,
        _EVENTS_SINCE,
        customer_id=customer_id,
        since=since,
        names=list(names),
        latest=latest,
    )
    return [read_event(row) for row in reversed(found)]


async def moments_of(
    session: AsyncSession, customer_id: str, since: datetime, *, names: Sequence[str]
) -> list[datetime]:
    """When the customer's events of these names happened, from `since` on."""
    found = await fetch(session, _MOMENTS, customer_id=customer_id, since=since, names=list(names))
    return [row.happened_at for row in found]
