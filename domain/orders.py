"""Orders, as their events tell of them: whatever the order of arrival, they come to the same.

An order is listed by its completion and its updates, of which the latest holds. What is refunded
or cancelled stays so, whatever is told before or after.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from domain.events import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED, Event
from domain.facts import product_id, products_in, quantity
from domain.money import currency_in, money

#: What an order is made of, in the order in which it holds when told of the same moment.
ORDER_EVENTS: Final = (ORDER_COMPLETED, ORDER_UPDATED, ORDER_REFUNDED, ORDER_CANCELLED)


class OrderStatus(StrEnum):
    """What became of an order. Void once refunded as a whole, or cancelled."""

    COMPLETED = "completed"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class Line(BaseModel):
    """How many pieces of a product were ordered, at which price each."""

    quantity: int
    price: Decimal | None = None


class Refund(BaseModel):
    """Money given back, and for what; all pieces of a product where the quantity is None."""

    total: Decimal | None = None
    products: dict[str, int | None] = {}


class Listing(BaseModel):
    """What an event said that the order is."""

    #: When it was said; of the same moment an update holds, then the greater event id.
    place: tuple[datetime, int, str]
    lines: dict[str, Line] = {}
    total: Decimal | None = None
    currency: str | None = None


class OrderTold(BaseModel):
    """Everything that events have told of an order so far."""

    #: The latest that named products, and the latest that named a total.
    listed: Listing | None = None
    totalled: Listing | None = None
    completed_at: datetime | None = None
    #: Every product that was ever named.
    named: set[str] = set()
    refunds: list[Refund] = []
    is_cancelled: bool = False

    def after(self, event: Event) -> "OrderTold":
        """What is told once `event`, one of ORDER_EVENTS, was told too."""
        named = self.named | {product_id(p) or "" for p in products_in(event.properties)}
        return self.model_copy(update={"named": named, **self._changes(event)})

    def _changes(self, event: Event) -> dict[str, object]:
        if event.name == ORDER_CANCELLED:
            return {"is_cancelled": True}
        if event.name == ORDER_REFUNDED:
            return {"refunds": [*self.refunds, _refund_in(event)]}
        listing = _listing_in(event)
        changes: dict[str, object] = {}
        if listing.lines and _is_later(listing, self.listed):
            changes["listed"] = listing
        if listing.total is not None and _is_later(listing, self.totalled):
            changes["totalled"] = listing
        if event.name == ORDER_COMPLETED:
            changes["completed_at"] = min(self.completed_at or event.happened_at, event.happened_at)
        return changes

    @property
    def status(self) -> OrderStatus:
        """What became of the order."""
        if self.is_cancelled:
            return OrderStatus.CANCELLED
        return OrderStatus.REFUNDED if self._is_refunded else OrderStatus.COMPLETED

    @property
    def is_void(self) -> bool:
        """Whether nothing of the order was kept."""
        return self.status is not OrderStatus.COMPLETED

    @property
    def total(self) -> Decimal | None:
        """What the order cost, refunds not taken off."""
        return self.totalled.total if self.totalled else None

    @property
    def currency(self) -> str | None:
        """What its money is in."""
        said = (self.totalled, self.listed)
        return next((listing.currency for listing in said if listing and listing.currency), None)

    @property
    def kept(self) -> dict[str, Line]:
        """Every product that was ever named, with the pieces that were kept: perhaps none."""
        lines = self.listed.lines if self.listed else {}
        pieces = {name: lines.get(name, Line(quantity=0)) for name in sorted(self.named)}
        for refund in self.refunds:
            for name, given_back in refund.products.items():
                left = 0 if given_back is None else pieces[name].quantity - given_back
                pieces[name] = pieces[name].model_copy(update={"quantity": max(left, 0)})
        return pieces

    @property
    def _is_refunded(self) -> bool:
        if not self.refunds:
            return False
        if self.listed and not any(line.quantity for line in self.kept.values()):
            return True
        bare = [refund for refund in self.refunds if not refund.products]
        if any(refund.total is None for refund in bare):
            return True
        if not self.total:
            return bool(bare)  # nobody can tell a part from the whole
        return sum(refund.total or 0 for refund in self.refunds) >= self.total


def order_after(events: Iterable[Event]) -> OrderTold:
    """What these events, in any order, tell of one order."""
    told = OrderTold()
    for event in events:
        told = told.after(event)
    return told


def _is_later(listing: Listing, known: Listing | None) -> bool:
    return known is None or listing.place >= known.place


def _listing_in(event: Event) -> Listing:
    lines: dict[str, Line] = {}
    for described in products_in(event.properties):
        name = product_id(described) or ""
        pieces = quantity(described) + (lines[name].quantity if name in lines else 0)
        lines[name] = Line(quantity=pieces, price=money(described.get("price")))
    return Listing(
        place=(event.happened_at, ORDER_EVENTS.index(event.name), event.id),
        lines=lines,
        total=money(event.properties.get("total")),
        currency=currency_in(event.properties),
    )


def _refund_in(event: Event) -> Refund:
    products: dict[str, int | None] = {}
    for described in products_in(event.properties):
        name = product_id(described) or ""
        said, before = described.get("quantity"), products.get(name, 0)
        products[name] = None if said is None or before is None else before + quantity(described)
    total = money(event.properties.get("total"))
    return Refund(total=None if total is None else abs(total), products=products)
