"""Events written by the thousand: one statement for all, as each driver takes it fastest.

Past SQLAlchemy's types, which would cost more than the writing: a shop sends more events than
anything else. What is written is what `tables.Event` reads.
"""

from collections.abc import Sequence
from typing import Final

from domain.events import Event
from store.additions import Addition, Row
from store.overtaking import Overtaken
from store.queries import json_of
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


async def keep_events(session: AsyncSession, events: Sequence[tuple[Event, str]]) -> set[str]:
    """Keep events, each with its customer's id; returns the message ids that are new.

    On SQLite, where its only writer looks before it writes, Overtaken is raised when one of several
    is known.
    """
    if not events:
        return set()
    rows = [_row(event, customer_id) for event, customer_id in events]
    if session.get_bind().dialect.name != "sqlite":
        return await _EVENTS.add_telling(session, rows, column="message_id")
    added = await _EVENTS.add(session, rows)
    if 0 < added < len(rows):
        raise Overtaken
    return {event.id for event, _ in events} if added else set()


def _row(event: Event, customer_id: str) -> Row:
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
