"""Reading an event's properties: Segment's names into the facts that rules look at."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from domain.events import Facts

#: Longer texts are cut: facts travel to Temporal and into indexed columns.
_LONGEST = 200
_ABOUT_PRODUCTS: Final = frozenset(("product_ids", "category"))
_MOST_PRODUCTS = 50
#: A look that lasts longer than a day, and more pieces than this, are a mistake.
_LONGEST_LOOK = 86_400
_MOST_PIECES = 1_000_000


def facts_of(properties: Mapping[str, Any]) -> Facts:
    """The facts in an event's properties; what is missing or of a wrong type is left out."""
    found: dict[str, Any] = {}
    for name in properties:
        if name in _TELLING and _TELLING[name] not in found:
            fact = _TELLING[name]
            found[fact] = _READERS[fact](properties)
    if found.keys() <= _ABOUT_PRODUCTS:
        return _about_products(found.get("product_ids", ()), found.get("category"))
    return Facts(**found)


@lru_cache(maxsize=1_024)
def _about_products(product_ids: tuple[str, ...], category: str | None) -> Facts:
    """A thousand visitors look at the same products. What only one person says is not kept."""
    return Facts(product_ids=product_ids, category=category)


def products_in(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The products that an event describes: its `products`, or itself when it is about one."""
    return [described for _, described in named_products(properties)]


def named_products(properties: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The products that an event describes, each with its id."""
    products = properties.get("products")
    if products is None or isinstance(products, str) or not isinstance(products, Sequence):
        name = product_id(properties)
        return [(name, properties)] if name else []
    described = [product for product in products if isinstance(product, Mapping)]
    return [(name, product) for product in described if (name := product_id(product))]


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
    ids = dict.fromkeys(name for name, _ in named_products(properties))
    return tuple(ids)[:_MOST_PRODUCTS]


def _text(properties: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = properties.get(name)
        if type(value) is str and (text := value.strip()):
            return text[:_LONGEST]
        if value is None or isinstance(value, bool) or not isinstance(value, str | int):
            continue
        if text := str(value).strip():
            return text[:_LONGEST]
    return None


def _order_id(properties: Mapping[str, Any]) -> str | None:
    return _text(properties, "order_id", "orderId")


def _category(properties: Mapping[str, Any]) -> str | None:
    return _text(properties, "category", "list_id")


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "order_id": _order_id,
    "product_ids": _product_ids,
    "category": _category,
    "query": lambda properties: _text(properties, "query"),
    "dwell_seconds": _credible_look,
    "rating": lambda properties: number(properties.get("rating")),
    "run_id": lambda properties: _text(properties, "run_id"),
    "message_id": lambda properties: _text(properties, "message_id"),
}
#: Properties that are read, and the fact that each tells; most events have few of them.
_TELLING: Final = {
    **{fact: fact for fact in _READERS if fact != "product_ids"},
    **dict.fromkeys(("products", "product_id", "productId", "sku"), "product_ids"),
    "orderId": "order_id",
    "list_id": "category",
}
