"""Events as customers make them, so that a test names only what matters."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from domain.events import Event, EventName
from domain.facts import facts_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_NUMBERS = count(1)


def happened(
    name: EventName,
    *,
    at: datetime = NOON,
    event_id: str | None = None,
    is_history: bool = False,
    **properties: Any,
) -> Event:
    """Something that a customer did at `at`, with Segment's properties."""
    return Event(
        id=event_id or f"event-{next(_NUMBERS)}",
        name=name,
        happened_at=at,
        received_at=at,
        facts=facts_of(properties),
        properties=properties,
        is_history=is_history,
    )


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)
