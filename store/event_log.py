"""Events written by the thousand: one statement for all, as each driver takes it fastest.

Past SQLAlchemy's types, which would cost more than the writing: a shop sends more events than
anything else. What is written is what `tables.Event` reads.
"""

from collections.abc import Sequence
from typing import Final

from domain.events import Event
from store.drivers import Row
from store.queries import json_of
from store.rows import Addition
from store.sessions import AsyncSession

_EVENTS: Final = Addition(
    "event",
    {
        **dict.fromkeys(("message_id", "customer_id", "name"), "text"),
        "properties": "jsonb",
        **dict.fromkeys(("subject", "order_id"), "text"),
        **dict.fromkeys(("happened_at", "received_at"), "timestamptz"),
        "is_history": "bool",
    },
    then="ON CONFLICT (message_id) DO NOTHING",
)


async def keep_events(session: AsyncSession, rows: Sequence[Row]) -> None:
    """Keep events that nobody kept before, each as its row.

    Whoever calls this has the customers locked, or has just made them. Raises Overtaken when one of
    the events is known; then all must be taken back.
    """
    await _EVENTS.add_new(session, rows)


async def keep_if_new(session: AsyncSession, event: Event, customer_id: str) -> bool:
    """Keep one event of a customer as above; False, and no error, when it is known already."""
    return await _EVENTS.add(session, [event_row(event, customer_id)]) == 1


def event_row(event: Event, customer_id: str) -> Row:
    """How an event of a customer is kept."""
    facts = event.facts
    return (
        event.id,
        customer_id,
        event.name,
        json_of(event.properties),
        facts.subject,
        facts.order_id,
        event.happened_at,
        event.received_at,
        event.is_history,
    )
