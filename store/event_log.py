"""Events written by the thousand: one statement for all, as each driver takes it fastest.

Past SQLAlchemy's types, which would cost more than the writing: a shop sends more events than
anything else. What is written is what `tables.Event` reads.
"""

from collections.abc import Sequence
from typing import Any, Final

from domain.events import Event
from store.overtaking import Overtaken
from store.queries import json_of, text_of
from store.sessions import AsyncSession, connection_of

_SQLITE: Final = """
    INSERT INTO event
        (message_id, customer_id, name, properties, subject, order_id, happened_at, received_at,
         is_history)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (message_id) DO NOTHING
"""
_POSTGRESQL: Final = """
    INSERT INTO event
        (message_id, customer_id, name, properties, subject, order_id, happened_at, received_at,
         is_history)
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[],
        $7::timestamptz[], $8::timestamptz[], $9::bool[])
    ON CONFLICT (message_id) DO NOTHING
    RETURNING message_id
"""
Row = tuple[Any, ...]


async def keep_events(session: AsyncSession, events: Sequence[tuple[Event, str]]) -> set[str]:
    """Keep events, each with its customer's id; returns the message ids that are new.

    On SQLite, where its only writer looks before it writes, Overtaken is raised when one of several
    is known.
    """
    if not events:
        return set()
    connection = connection_of(session)
    rows = [_row(event, customer_id) for event, customer_id in events]
    if session.get_bind().dialect.name == "sqlite":
        added = await connection.exec_driver_sql(_SQLITE, [_for_sqlite(row) for row in rows])
        if 0 < added.rowcount < len(rows):
            raise Overtaken
        return {event.id for event, _ in events} if added.rowcount else set()
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    returned = await connection.exec_driver_sql(_POSTGRESQL, columns)
    return {message_id for (message_id,) in returned}


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


def _for_sqlite(row: Row) -> Row:
    *others, happened_at, received_at, is_history = row
    return (*others, text_of(happened_at), text_of(received_at), is_history)
