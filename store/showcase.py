"""Which products to show: viewed, in the cart, ordered, going well together, new."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from domain.cart import CART_EVENTS, cart_after
from domain.events import BROWSING, ORDER_COMPLETED
from domain.products import Product
from store import tables
from store.events import events_since
from store.products import as_product
from store.sessions import AsyncSession

#: A cart older than this is forgotten.
_CART_MEMORY = timedelta(days=60)


async def products_by_id(session: AsyncSession, ids: Sequence[str]) -> list[Product]:
    """The products with these ids, in this order; unknown ones are left out."""
    if not ids:
        return []
    rows = await session.scalars(
        select(tables.Product).where(col(tables.Product.id).in_(list(ids)))
    )
    known = {row.id: as_product(row) for row in rows}
    return [known[product_id] for product_id in ids if product_id in known]


async def viewed(session: AsyncSession, customer_id: str, since: datetime) -> list[str]:
    """The ids of the products looked at since, the latest first."""
    events = await events_since(session, customer_id, since, names=BROWSING.events)
    ids = (product for event in reversed(events) for product in event.facts.product_ids[:1])
    return list(dict.fromkeys(ids))


async def in_cart(session: AsyncSession, customer_id: str, now: datetime) -> dict[str, int]:
    """What is in the cart now: product id → quantity."""
    events = await events_since(session, customer_id, now - _CART_MEMORY, names=CART_EVENTS)
    return cart_after(events).items


async def ordered_since(
    session: AsyncSession, customer_id: str, since: datetime, *, besides: str
) -> list[str]:
    """The ids of the products ordered since, without those of the event with the id `besides`."""
    events = await events_since(session, customer_id, since, names=[ORDER_COMPLETED])
    later = (event for event in events if event.id != besides)
    return [product for event in later for product in event.facts.product_ids]


async def complements_of(session: AsyncSession, ids: Sequence[str]) -> list[Product]:
    """What the shop says goes well with these products, without the products themselves."""
    products = await products_by_id(session, ids)
    wanted = dict.fromkeys(c for product in products for c in product.complements if c not in ids)
    return await products_by_id(session, list(wanted))


async def similar_to(session: AsyncSession, ids: Sequence[str], *, limit: int) -> list[Product]:
    """Other products of the same categories, the newest first."""
    categories = {p.category for p in await products_by_id(session, ids) if p.category}
    if not categories:
        return []
    return await _newest(
        session,
        col(tables.Product.category).in_(categories),
        col(tables.Product.id).not_in(list(ids)),
        limit=limit,
    )


async def newest(session: AsyncSession, *, limit: int) -> list[Product]:
    """The newest products of the shop."""
    return await _newest(session, limit=limit)


async def in_category(session: AsyncSession, category: str, *, limit: int) -> list[Product]:
    """The newest products of a category."""
    return await _newest(session, col(tables.Product.category) == category, limit=limit)


async def matching(session: AsyncSession, query: str, *, limit: int) -> list[Product]:
    """The newest products whose title or category has every word of `query`."""
    words = [word.replace("%", "").replace("_", "") for word in query.split()]
    likes = [
        or_(
            col(tables.Product.title).ilike(f"%{word}%"),
            col(tables.Product.category).ilike(f"%{word}%"),
        )
        for word in words
        if word
    ]
    return await _newest(session, *likes, limit=limit) if likes else []


async def _newest(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int
) -> list[Product]:
    """Products that can be shown and bought: titled, and not known to be out of stock."""
    rows = await session.scalars(
        select(tables.Product)
        .where(col(tables.Product.title).is_not(None), *conditions)
        .where(or_(col(tables.Product.stock).is_(None), col(tables.Product.stock) > 0))
        .order_by(col(tables.Product.updated_at).desc(), col(tables.Product.id))
        .limit(limit)
    )
    return [as_product(row) for row in rows]


def showable(products: Collection[Product]) -> list[Product]:
    """Those that a mail can show: they have a title."""
    return [product for product in products if product.title]
