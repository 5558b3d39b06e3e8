"""Reading an event's properties: Segment's names into the facts that rules look at."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.events import Facts

#: Longer texts are cut: facts travel to Temporal and into indexed columns.
_LONGEST = 200
_NONE = Facts()
_MOST_PRODUCTS = 50
#: Properties that are read; most events have none of them.
_TELLING = frozenset(
    (
        *("order_id", "orderId", "products", "product_id", "productId", "sku"),
        *("category", "list_id", "query", "dwell_seconds", "rating", "run_id", "message_id"),
    )
)
#: A look that lasts longer than a day, and more pieces than this, are a mistake.
_LONGEST_LOOK = 86_400
_MOST_PIECES = 1_000_000


def facts_of(properties: Mapping[str, Any]) -> Facts:
    """The facts in an event's properties; what is missing or of a wrong type is left out."""
    if _TELLING.isdisjoint(properties):
        return _NONE
    return Facts(
        order_id=_text(properties, "order_id", "orderId"),
        product_ids=_product_ids(properties),
        category=_text(properties, "category", "list_id"),
        query=_text(properties, "query"),
        dwell_seconds=_credible_look(properties),
        rating=number(properties.get("rating")),
        run_id=_text(properties, "run_id"),
        message_id=_text(properties, "message_id"),
    )


def products_in(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The products that an event describes: its `products`, or itself when it is about one."""
    products = properties.get("products")
    if isinstance(products, Sequence) and not isinstance(products, str):
        return [p for p in products if isinstance(p, Mapping) and product_id(p)]
    return [properties] if product_id(properties) else []


def product_id(described: Mapping[str, Any]) -> str | None:
    """The id of a described product: `product_id`, else `sku`."""
    return _text(described, "product_id", "productId", "sku")


def number(value: Any) -> float | None:
    """A finite number, also when it was sent as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < float("inf") else None


def quantity(described: Mapping[str, Any]) -> int:
    """How many pieces of a described product; one when that is not told, or not to be believed."""
    pieces = number(described.get("quantity")) or 1
    return int(pieces) if 1 <= pieces <= _MOST_PIECES else 1


def _credible_look(properties: Mapping[str, Any]) -> float | None:
    seconds = number(properties.get("dwell_seconds"))
    return seconds if seconds is not None and 0 <= seconds <= _LONGEST_LOOK else None


def _product_ids(properties: Mapping[str, Any]) -> tuple[str, ...]:
    if "products" not in properties:
        only = product_id(properties)
        return (only,) if only else ()
    ids = dict.fromkeys(product_id(p) or "" for p in products_in(properties))
    return tuple(ids)[:_MOST_PRODUCTS]


def _text(properties: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = properties.get(name)
        if value is None or isinstance(value, bool) or not isinstance(value, str | int):
            continue
        if text := str(value).strip():
            return text[:_LONGEST]
    return None
