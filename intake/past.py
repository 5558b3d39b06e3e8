"""What the customers of a group did before, for the conditions that look at it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from domain.conditions import LONGEST_LOOK
from domain.events import Event
from intake.relevance import Relevance
from store.past import Alike, Before, events_alike, events_before
from store.sessions import AsyncSession

Past = dict[str, list[Event]]


async def past_of(
    session: AsyncSession, doing: Iterable[tuple[str, Event]], relevance: Relevance
) -> Past:
    """What these customers do, the event before each, and earlier ones about the same subjects.

    By customer, in order of time. `doing` are the events of a group, each with its customer.
    """
    seen: dict[str, dict[str, Event]] = defaultdict(dict)
    for customer_id, event in doing:
        seen[customer_id][event.id] = event
    longest_look = relevance.pace.of(LONGEST_LOOK)
    _add(seen, await events_before(session, _moments(seen, within=longest_look)))
    _add(seen, await events_alike(session, _subjects(seen, relevance)))
    return {ours: sorted(events.values(), key=_order) for ours, events in seen.items()}


def _moments(seen: dict[str, dict[str, Event]], *, within: timedelta) -> list[Before]:
    return [
        Before(customer_id, at - within, at)
        for customer_id, events in seen.items()
        for at in {event.happened_at for event in events.values()}
    ]


def _subjects(seen: dict[str, dict[str, Event]], relevance: Relevance) -> list[Alike]:
    """The subjects of what can start a journey that asks how often it was seen."""
    asked: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for customer_id, events in seen.items():
        for event in events.values():
            subject = event.facts.subject
            if subject and relevance.is_remembered(event.name):
                asked[customer_id, subject].append(event)
    return [Alike(*whose, *_range(events, relevance.memory)) for whose, events in asked.items()]


def _range(events: Sequence[Event], memory: timedelta) -> tuple[datetime, datetime]:
    moments = [event.happened_at for event in events]
    return min(moments) - memory, max(moments)


def _add(seen: dict[str, dict[str, Event]], found: Iterable[tuple[str, Event]]) -> None:
    for customer_id, event in found:
        seen[customer_id].setdefault(event.id, event)


def _order(event: Event) -> tuple[datetime, datetime]:
    return event.happened_at, event.received_at
