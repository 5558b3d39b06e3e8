"""Events that follow from others by themselves: of a cart, or an order, nothing is left."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from domain.cart import CART_EVENTS, MAY_EMPTY, empties
from domain.events import (
    CART_EMPTIED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    Event,
    EventName,
    Facts,
)
from domain.ids import fitting
from store.events import events_since
from store.orders import OrderRecord
from store.sessions import AsyncSession

#: Events that say what an order is made of: by themselves they end nothing.
_LISTS: Final = (ORDER_COMPLETED, ORDER_UPDATED)


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


def emptied_order(event: Event, order: OrderRecord | None) -> Event | None:
    """The refund that an event amounts to when it leaves nothing of an order that was kept."""
    if order is None or not order.has_just_become_void or event.name not in _LISTS:
        return None
    return event._replace(
        id=fitting(f"{event.id}:{ORDER_REFUNDED}"),
        name=ORDER_REFUNDED,
        facts=Facts(order_id=order.id),
        properties={"order_id": order.id},
    )
