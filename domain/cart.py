"""The cart, as a projection of what the customer did since the last order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from domain.events import (
    CART_EMPTIED,
    CART_UPDATED,
    CART_VIEWED,
    CHECKOUT_STARTED,
    ORDER_COMPLETED,
    PRODUCT_ADDED,
    PRODUCT_REMOVED,
    Event,
)
from domain.facts import product_id, products_in, quantity
from domain.money import Price, currency_in, money

#: Events that list the whole cart.
_WHOLE: Final = (CART_VIEWED, CART_UPDATED, CHECKOUT_STARTED)
#: Events that can leave a cart empty.
MAY_EMPTY: Final = (PRODUCT_REMOVED, CART_UPDATED)
#: All events that a cart is made of.
CART_EVENTS: Final = (*_WHOLE, PRODUCT_ADDED, PRODUCT_REMOVED, ORDER_COMPLETED, CART_EMPTIED)


@dataclass(slots=True)
class Cart:
    """What is in the cart: product id → quantity, in the order it was put there."""

    items: dict[str, int] = field(default_factory=dict)
    #: What each cost when it was last told of.
    prices: dict[str, Price] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Take one event into account."""
        self.prices |= _prices_in(event.properties)
        if event.name in {ORDER_COMPLETED, CART_EMPTIED}:
            self.items.clear()
        elif event.name in _WHOLE:
            self._replace(event.properties)
        elif event.name in {PRODUCT_ADDED, PRODUCT_REMOVED}:
            sign = 1 if event.name == PRODUCT_ADDED else -1
            for product, pieces in _listed(event.properties):
                self._change(product, sign * pieces)

    def _replace(self, properties: Mapping[str, Any]) -> None:
        told, listed = properties.get("products"), _listed(properties)
        if isinstance(told, list) and (listed or not told):
            self.items = dict(listed)

    def _change(self, product: str, by: int) -> None:
        left = self.items.get(product, 0) + by
        if left > 0:
            self.items[product] = left
        else:
            self.items.pop(product, None)


def cart_after(events: Iterable[Event]) -> Cart:
    """The cart after `events`, which are in order of time."""
    cart = Cart()
    for event in events:
        cart.apply(event)
    return cart


def empties(event: Event, before: Iterable[Event]) -> bool:
    """Whether `event` leaves a cart empty that held something, as far as anybody knows."""
    cart = cart_after(before)
    held_something = bool(cart.items)
    cart.apply(event)
    return not cart.items and (held_something or event.properties.get("products") == [])


def _prices_in(properties: Mapping[str, Any]) -> dict[str, Price]:
    currency = currency_in(properties)
    told = ((p, money(p.get("price"))) for p in products_in(properties))
    return {
        product_id(p) or "": Price(price, currency_in(p) or currency)
        for p, price in told
        if price is not None
    }


def _listed(properties: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(product_id(p) or "", quantity(p)) for p in products_in(properties)]
