"""What events teach us about the shop: its orders, and products it has not described itself."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from domain.events import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    Event,
)
from domain.facts import product_id, products_in, quantity
from store import intake as records
from store import tables
from store.products import learn_products as keep_learned
from store.sessions import AsyncSession

#: What a price column holds: fourteen digits, four of them behind the point.
_SMALLEST: Final = Decimal("0.0001")
_LARGEST: Final = Decimal(10) ** 10 - 1
#: ISO 4217.
_CURRENCY: Final = re.compile("[A-Za-z]{3}", re.ASCII)
_VOID: Final = {ORDER_REFUNDED: "refunded", ORDER_CANCELLED: "cancelled"}


async def learn_order(session: AsyncSession, customer: tables.Customer, event: Event) -> None:
    """Keep what an event says about an order."""
    order_id = event.facts.order_id
    if order_id is None:
        return
    if event.name in {ORDER_COMPLETED, ORDER_UPDATED}:
        order = {
            "id": order_id,
            "customer_id": customer.id,
            "status": "completed",
            "total": money(event.properties.get("total")),
            "currency": _currency(event.properties),
            "updated_at": event.happened_at,
        }
        if event.name == ORDER_COMPLETED:
            order["completed_at"] = event.happened_at
        await records.keep_order(session, order, list(_items(order_id, event)))
    elif status := _VOID.get(event.name):
        at = event.happened_at
        await records.void_order(session, order_id, customer_id=customer.id, status=status, at=at)


def _items(order_id: str, event: Event) -> Iterable[dict[str, Any]]:
    for described in products_in(event.properties):
        yield {
            "order_id": order_id,
            "product_id": product_id(described),
            "quantity": quantity(described),
            "price": money(described.get("price")),
        }


async def learn_products(
    session: AsyncSession, events: Sequence[Event], told: Mapping[str, object]
) -> dict[str, object]:
    """Keep products that events describe, unless they were `told` the same way just before.

    Returns what was told now.
    """
    rows = {
        product: row
        for product, row in described_products(events).items()
        if told.get(product) != {**row, "at": None}
    }
    await keep_learned(session, list(rows.values()))
    return {product: {**row, "at": None} for product, row in rows.items()}


def described_products(events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    """Products that events describe well enough to show: with a title. The latest words hold."""
    described: dict[str, dict[str, Any]] = {}
    for event in events:
        for properties in products_in(event.properties):
            if row := _product(properties, event.happened_at):
                described[row["id"]] = row
    return described


def _product(properties: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    title = _short(properties.get("name"), 500)
    if not title:
        return None
    return {
        "id": product_id(properties),
        "title": title,
        "category": _short(properties.get("category"), 255),
        "price": money(properties.get("price")),
        "currency": _currency(properties),
        "image_url": _short(properties.get("image_url"), 2_000),
        "url": _short(properties.get("url"), 2_000),
        "at": at,
    }


def money(value: Any) -> Decimal | None:
    """An amount, exactly; None when it is none that a price column can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return amount.quantize(_SMALLEST) if amount.is_finite() and abs(amount) < _LARGEST else None


def _currency(properties: Mapping[str, Any]) -> str | None:
    code = _short(properties.get("currency"), 16)
    return code.upper() if code and _CURRENCY.fullmatch(code) else None


def _short(value: Any, longest: int) -> str | None:
    return value.strip()[:longest] or None if isinstance(value, str) else None
