"""What events teach us about the shop: its orders, and products it has not described itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.events import VISITS, Event
from domain.facts import named_products
from domain.money import currency_in, money
from domain.orders import ORDER_EVENTS
from store.orders import OrderRecord, Orders
from store.products import learn_products as keep_learned
from store.sessions import AsyncSession

#: What an event may say of a product, in its own words.
_WORDS: Final = ("name", "category", "price", "currency", "image_url", "url")
Words = tuple[Any, ...]
#: A product in an event's words, and as it is kept.
Described = tuple[Words, dict[str, Any]]


def order_id_in(event: Event) -> str | None:
    """The order that an event says something about, or asks for; None when there is none."""
    return None if event.name in VISITS else event.facts.order_id  # a checkout's is yet to come


def learn_order(orders: Orders, customer_id: str, event: Event) -> OrderRecord | None:
    """Keep what an event says about an order; the order as it is now, when it says anything.

    A delivery says nothing, but asks what is left of its order.
    """
    order_id = order_id_in(event)
    if order_id is None:
        return None
    if event.name not in ORDER_EVENTS:
        return orders.find(order_id)
    return orders.tell(order_id, customer_id=customer_id, event=event)


async def learn_products(session: AsyncSession, described: Mapping[str, Described]) -> None:
    """Keep products as events describe them."""
    await keep_learned(session, [row for _, row in described.values()])


def described_products(events: Sequence[Event], told: Mapping[str, Words]) -> dict[str, Described]:
    """Products that events describe well enough to show: with a title. The latest words hold.

    Those that were `told` in the same words just before are left out.
    """
    described: dict[str, Described] = {}
    for event in events:
        if not event.facts.product_ids:
            continue
        for product, properties in named_products(event.properties):
            words = tuple(map(properties.get, _WORDS))
            last = described[product][0] if product in described else told.get(product)
            if words != last and (row := _product(product, properties, event.happened_at)):
                described[product] = (words, row)
    return described


def _product(product: str, properties: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    title = _short(properties.get("name"), 500)
    if not title:
        return None
    return {
        "id": product,
        "title": title,
        "category": _short(properties.get("category"), 255),
        "price": money(properties.get("price")),
        "currency": currency_in(properties),
        "image_url": _short(properties.get("image_url"), 2_000),
        "url": _short(properties.get("url"), 2_000),
        "at": at,
    }


def _short(value: Any, longest: int) -> str | None:
    return value.strip()[:longest] or None if isinstance(value, str) else None
