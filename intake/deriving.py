"""Events that follow from others by themselves: a cart that was emptied, an order that is void."""

from collections.abc import Collection
from datetime import datetime

from domain.cart import CART_EVENTS, MAY_EMPTY, empties
from domain.events import CART_EMPTIED, Event, EventName, Facts
from domain.ids import fitting
from store.events import events_since
from store.sessions import AsyncSession


def following(event: Event, name: EventName) -> Event:
    """What an event amounts to by itself, without what it is about."""
    own = fitting(f"{event.id}:{name}")
    return event._replace(id=own, name=name, facts=Facts(), properties={})


async def emptied_cart(
    session: AsyncSession,
    customer_id: str,
    event: Event,
    *,
    since: datetime,
    without: Collection[str],
) -> list[Event]:
    """That the cart is empty now, if this event made it so.

    It is made of what happened `since` then; events `without` count come only later.
    """
    if event.name not in MAY_EMPTY or event.is_history:
        return []
    events = await events_since(session, customer_id, since, names=CART_EVENTS)
    before = [
        earlier
        for earlier in events
        if earlier.happened_at <= event.happened_at and earlier.id not in without
    ]
    return [following(event, CART_EMPTIED)] if empties(event, before) else []
