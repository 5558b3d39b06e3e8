"""Which products to show: viewed, in the cart, ordered, going well together, new."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import col

from domain.cart import CART_EVENTS, Cart, cart_after
from domain.events import BROWSING, ORDER_COMPLETED, Facts
from domain.products import Product
from domain.recommending import Candidate, Source
from store import tables
from store.bought_together import bought_with
from store.events import events_since
from store.orders import find_order
from store.plain_rows import PlainRun
from store.products import as_product, products_known
from store.sessions import AsyncSession

#: A cart older than this is forgotten.
CART_MEMORY: Final = timedelta(days=60)


async def products_by_id(session: AsyncSession, ids: Sequence[str]) -> list[Product]:
    """The products with these ids, in this order; unknown ones are left out."""
    if not ids:
        return []
    known = await products_known(session, ids)
    return [known[product_id] for product_id in ids if product_id in known]


async def viewed(session: AsyncSession, customer_id: str, since: datetime) -> list[str]:
    """The ids of the products looked at since, the latest first."""
    events = await events_since(session, customer_id, since, names=BROWSING.events)
    ids = (product for event in reversed(events) for product in event.facts.product_ids[:1])
    return list(dict.fromkeys(ids))


async def in_cart(session: AsyncSession, customer_id: str, now: datetime) -> Cart:
    """What is in the cart now."""
    events = await events_since(session, customer_id, now - CART_MEMORY, names=CART_EVENTS)
    return cart_after(events)


async def ordered_since(
    session: AsyncSession, customer_id: str, since: datetime, *, besides: str
) -> list[str]:
    """The ids of the products ordered since, without those of the event with the id `besides`."""
    events = await events_since(session, customer_id, since, names=[ORDER_COMPLETED])
    later = (event for event in events if event.id != besides)
    return [product for event in later for product in event.facts.product_ids]


async def kept_of(session: AsyncSession, run: PlainRun) -> list[str]:
    """The ids of the products of a run's order that the customer kept.

    A run that an order started is also about what was added to it later; any other only about the
    products that were named, if any were.
    """
    named = Facts.model_validate(run.about).product_ids
    order = await find_order(session, run.key) if run.key else None
    if order is None:
        return list(named)
    may_add = not named or await _name_of(session, run.started_by) == ORDER_COMPLETED
    added = order.kept if may_add else []
    return [p for p in dict.fromkeys((*named, *added)) if p not in order.given_up]


async def _name_of(session: AsyncSession, event_id: str) -> str | None:
    """The name of the event that a shop sent under this id."""
    event = tables.Event
    return await session.scalar(select(col(event.name)).where(col(event.message_id) == event_id))


async def complements_of(session: AsyncSession, ids: Sequence[str]) -> list[Candidate]:
    """What goes with these products: as the shop says, then as its orders tell, best first."""
    given = await products_by_id(session, ids)
    configured = dict.fromkeys(c for product in given for c in product.complements)
    together = await bought_with(session, ids)
    wanted = dict.fromkeys((*configured, *together))
    known = {product.id: product for product in await products_by_id(session, list(wanted))}
    return [
        *(Candidate(name, Source.CONFIGURED, known.get(name)) for name in configured),
        *(
            Candidate(name, Source.BOUGHT_TOGETHER, known.get(name), evidence)
            for name, evidence in together.items()
        ),
    ]


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
    """Products that mails may hold out to be bought, as `why_not_offered` says, newest first."""
    product = tables.Product
    can_be_shown = (col(part).is_not(None) for part in (product.title, product.price, product.url))
    in_stock = or_(col(product.stock).is_(None), col(product.stock) > 0)
    rows = await session.scalars(
        select(product)
        .where(*can_be_shown, *conditions)
        .where(col(product.discontinued_at).is_(None))
        .where(func.coalesce(col(product.available), in_stock))
        .order_by(
            func.coalesce(col(product.added_at), col(product.updated_at)).desc(), col(product.id)
        )
        .limit(limit)
    )
    return [as_product(row) for row in rows]


def showable(products: Collection[Product]) -> list[Product]:
    """Those that a mail can show: they have a title."""
    return [product for product in products if product.title]
