"""Queries on what customers did."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlmodel import col

from domain.events import Event, EventName
from domain.facts import facts_of
from store import tables
from store.sessions import AsyncSession

#: What `read_event` wants of a row.
EVENT_COLUMNS: Final = (
    col(tables.Event.message_id),
    col(tables.Event.name),
    col(tables.Event.happened_at),
    col(tables.Event.received_at),
    col(tables.Event.properties),
    col(tables.Event.is_history),
)


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
    found = await session.execute(
        select(*EVENT_COLUMNS)
        .where(col(tables.Event.customer_id) == customer_id)
        .where(col(tables.Event.happened_at) >= since)
        .where(col(tables.Event.name).in_(list(names)))
        .order_by(col(tables.Event.happened_at).desc(), col(tables.Event.id).desc())
        .limit(latest)
    )
    return [read_event(row) for row in reversed(found.all())]


async def moments_of(
    session: AsyncSession, customer_id: str, since: datetime, *, names: Sequence[str]
) -> list[datetime]:
    """When the customer's events of these names happened, from `since` on."""
    found = await session.scalars(
        select(col(tables.Event.happened_at))
        .where(col(tables.Event.customer_id) == customer_id)
        .where(col(tables.Event.happened_at) >= since)
        .where(col(tables.Event.name).in_(list(names)))
    )
    return list(found)
