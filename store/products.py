"""The shop's catalogue, as the shop itself describes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from domain.products import Product
from store import tables
from store.sessions import AsyncSession
from store.upserts import put

_DESCRIBED: Final = (
    "title",
    "category",
    "price",
    "currency",
    "image_url",
    "url",
    "kind",
    "stock",
    "complements",
    "is_described",
    "updated_at",
)


async def describe_products(
    session: AsyncSession, products: Sequence[Product], *, now: datetime
) -> None:
    """Keep products as the shop describes them, in the place of what was known before."""
    rows = [_row(product, now) for product in products]
    await put(session, tables.Product, rows, key=["id"], change=_DESCRIBED)


def _row(product: Product, now: datetime) -> dict[str, Any]:
    row = {name: getattr(product, name, None) for name in ("id", *_DESCRIBED)}
    return row | {
        "complements": list(product.complements),
        "is_described": True,
        "updated_at": now,
    }
