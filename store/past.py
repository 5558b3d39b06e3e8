"""What customers did before, as far as it can matter to what they did now.

A question is about single moments, never about all that somebody did since: an event costs the
same after a quiet week and after a busy one.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from domain.events import Event, EventName
from domain.facts import facts_of
from store.queries import Query, moment_in, object_in
from store.sessions import AsyncSession

#: Who did more than this before says no more by it: a program perhaps, or a screen in the shop.
MOST_LOOKED_AT: Final = 500

_WHEN: Final = dict.fromkeys(("since", "until"), "timestamptz")
#: What `told_event` wants of a row.
TOLD_COLUMNS: Final = """
    event.customer_id, message_id, name, happened_at, received_at, CAST(properties AS text),
    is_history
"""
_BEFORE: Final = Query(
    f"""
    WITH found AS MATERIALIZED (
        SELECT DISTINCT customer_id, (
            SELECT max(e.happened_at) FROM event AS e WHERE e.customer_id = asked.customer_id
                AND e.happened_at >= asked.since AND e.happened_at < asked.until
        ) AS at FROM {{asked}} AS asked
    )
    SELECT {TOLD_COLUMNS} FROM found JOIN event
        ON event.customer_id = found.customer_id AND event.happened_at = found.at
    ORDER BY event.id
    """,  # noqa: S608 - our own words
    asked={"customer_id": "text", **_WHEN},
)
_ALIKE: Final = Query(
    f"""
    WITH bounded AS MATERIALIZED (
        SELECT customer_id, subject, until, COALESCE((
            SELECT e.happened_at FROM event AS e WHERE e.customer_id = asked.customer_id
                AND e.happened_at >= asked.since AND e.happened_at <= asked.until
            ORDER BY e.happened_at DESC LIMIT 1 OFFSET {MOST_LOOKED_AT - 1}
        ), since) AS since FROM {{asked}} AS asked
    )
    SELECT {TOLD_COLUMNS} FROM bounded JOIN event ON event.customer_id = bounded.customer_id
        AND event.happened_at >= bounded.since AND event.happened_at <= bounded.until
        AND event.subject = bounded.subject
    ORDER BY event.id
    """,  # noqa: S608 - our own words
    asked={"customer_id": "text", "subject": "text", **_WHEN},
)


class Before(NamedTuple):
    """Asks for the last event of a customer in this time, its end left out.

    Of several at that moment for all.
    """

    customer_id: str
    since: datetime
    until: datetime


class Alike(NamedTuple):
    """Asks for a customer's events about one subject in this time, its end included.

    It looks at `MOST_LOOKED_AT` events about whatever at most, the latest ones.
    """

    customer_id: str
    subject: str
    since: datetime
    until: datetime


async def events_before(
    session: AsyncSession, asked: Collection[Before]
) -> list[tuple[str, Event]]:
    """The events asked for, each with its customer's id."""
    return [told_event(row) for row in await _BEFORE.rows_about(session, asked)]


async def events_alike(session: AsyncSession, asked: Collection[Alike]) -> list[tuple[str, Event]]:
    """The events asked for, each with its customer's id."""
    return [told_event(row) for row in await _ALIKE.rows_about(session, asked)]


def told_event(row: Any) -> tuple[str, Event]:
    """A row's event, with its customer's id."""
    customer_id, message_id, name, happened_at, received_at, properties, is_history = row
    said = object_in(properties)
    event = Event(
        id=message_id,
        name=EventName(name),
        happened_at=moment_in(happened_at),
        received_at=moment_in(received_at),
        facts=facts_of(said),
        properties=said,
        is_history=bool(is_history),
    )
    return customer_id, event
