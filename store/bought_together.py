"""Which products are bought together: counted over the shop's own orders, and looked up.

An order that was refunded or cancelled counts for nothing, and neither does what was refunded of
an order that was kept. Orders of very many products tell nothing about two of them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import CTE, Float, Select, cast, delete, func, select, union_all
from sqlmodel import col

from domain.recommending import Evidence, Togetherness
from store import tables
from store.sessions import AsyncSession
from store.upserts import put

#: Complements that are kept of each product.
_BEST: Final = 20
#: An order of more products than this is a bulk order.
_LARGEST_ORDER: Final = 50
_KEY: Final = ("product_id", "complement_id")
_COUNTS: Final = ("orders_together", "orders_of_product", "orders_of_complement", "orders")


class Pair(NamedTuple):
    """Two products and how often they stood in the same orders."""

    product_id: str
    complement_id: str
    orders_together: int
    orders_of_product: int
    orders_of_complement: int
    orders: int


async def count_pairs(
    session: AsyncSession, rules: Togetherness, *, since: datetime
) -> Sequence[Pair]:
    """The best complements of every product, as the orders completed since tell."""
    pairs = _pairs(_without_bulk(_kept(since), "baskets"), min_orders=rules.min_orders).cte("pairs")
    lift = cast(pairs.c.orders_together, Float) * pairs.c.orders / pairs.c.orders_of_product
    rank = func.row_number().over(
        partition_by=pairs.c.product_id,
        order_by=(
            pairs.c.orders_together.desc(),
            pairs.c.orders_of_complement,
            pairs.c.complement_id,
        ),
    )
    ranked = (
        select(pairs, rank.label("rank"))
        .where(lift / pairs.c.orders_of_complement >= rules.min_lift)
        .subquery()
    )
    best = select(*(ranked.c[name] for name in (*_KEY, *_COUNTS))).where(ranked.c.rank <= _BEST)
    await _expect_many_rows(session)
    return [Pair(*row) for row in await session.execute(best)]


async def keep_pairs(session: AsyncSession, pairs: Sequence[Pair], *, now: datetime) -> None:
    """Write pairs down, in the place of what was known of the same two products."""
    rows = [{**pair._asdict(), "computed_at": now} for pair in pairs]
    change = [*_COUNTS, "computed_at"]
    await put(session, tables.BoughtTogether, rows, key=_KEY, change=change)


async def forget_pairs(session: AsyncSession, *, computed_before: datetime) -> None:
    """Forget what an earlier count found and the latest did not."""
    pair = tables.BoughtTogether
    await session.execute(delete(pair).where(col(pair.computed_at) < computed_before))


async def bought_with(session: AsyncSession, ids: Collection[str]) -> dict[str, Evidence]:
    """What is bought together with any of these products, most often first."""
    pair = tables.BoughtTogether
    found = await session.scalars(select(pair).where(col(pair.product_id).in_(list(ids))))
    best: dict[str, Evidence] = {}
    for row in sorted(found, key=_strength, reverse=True):
        best.setdefault(row.complement_id, _evidence(row))
    return best


async def count_companions(
    session: AsyncSession, product_id: str, *, since: datetime, now: datetime, limit: int
) -> dict[str, Evidence]:
    """What stood in the same orders as one product at all, most often first: counted now.

    Only the product's own bulk orders are left out: to look for all of them would take seconds.
    """
    item = tables.OrderItem
    its_orders = select(col(item.order_id)).where(col(item.product_id) == product_id)
    baskets = _without_bulk(_kept(since).where(col(item.order_id).in_(its_orders)), "of_it")
    together = (
        select(baskets.c.product_id, func.count().label("together"))
        .group_by(baskets.c.product_id)
        .order_by(func.count().desc(), baskets.c.product_id)
        .limit(limit + 1)  # the product itself is one of them
        .cte("companions")
    )
    everywhere = _kept(since).where(col(item.product_id) == together.c.product_id)
    counted: Select[Any] = select(
        together.c.product_id,
        together.c.together,
        _count(everywhere.correlate(together)).label("of_complement"),
        _count(_completed(since)).label("orders"),
    )
    rows = {row.product_id: row for row in await session.execute(counted)}
    own = rows.pop(product_id, None)
    ranked = sorted(rows.values(), key=lambda row: (-row.together, row.product_id))
    return {
        row.product_id: Evidence(row.together, own.together, row.of_complement, row.orders, now)
        for row in ranked
        if own
    }


async def _expect_many_rows(session: AsyncSession) -> None:
    """Keep PostgreSQL from planning for a handful of rows: it knows nothing of a CTE's.

    Nested loops over a hundred thousand orders take minutes instead of seconds. Holds until the
    transaction ends.
    """
    if session.get_bind().dialect.name == "postgresql":
        off = (func.set_config(name, "off", True) for name in ("enable_nestloop", "jit"))  # noqa: FBT003 - only here
        await session.execute(select(*off))


def _completed(since: datetime) -> Select[Any]:
    order = tables.Order
    return select(col(order.id)).where(
        col(order.status) == "completed", col(order.completed_at) >= since
    )


def _kept(since: datetime) -> Select[*tuple[Any, ...]]:
    """What was kept of the orders since: one row an order and product."""
    order, item = tables.Order, tables.OrderItem
    return (
        select(col(item.order_id), col(item.product_id))
        .join(order, col(order.id) == col(item.order_id))
        .where(col(order.status) == "completed", col(order.completed_at) >= since)
        .where(col(item.quantity) > 0)
    )


def _without_bulk(kept: Select[*tuple[Any, ...]], name: str) -> CTE:
    everything = kept.cte(f"everything_{name}")
    small = (
        select(everything.c.order_id)
        .group_by(everything.c.order_id)
        .having(func.count() <= _LARGEST_ORDER)
        .subquery()
    )
    return (
        select(everything.c.order_id, everything.c.product_id)
        .join(small, small.c.order_id == everything.c.order_id)
        .cte(name)
    )


def _count(rows: Select[*tuple[Any, ...]]) -> Any:
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


def _pairs(baskets: CTE, *, min_orders: int) -> Select[Any]:
    """Products that stood in at least so many orders together, with all that lift is made of."""
    popular = (
        select(baskets.c.product_id, func.count().label("orders"))
        .group_by(baskets.c.product_id)
        .having(func.count() >= min_orders)
        .cte("popular")
    )
    of_complement = popular.alias("popular_complement")
    together = _together(_likely(baskets, popular), min_orders=min_orders)
    return (
        select(
            together.c.product_id,
            together.c.complement_id,
            together.c.orders_together,
            popular.c.orders.label("orders_of_product"),
            of_complement.c.orders.label("orders_of_complement"),
            _all_orders(baskets).label("orders"),
        )
        .join(popular, popular.c.product_id == together.c.product_id)
        .join(of_complement, of_complement.c.product_id == together.c.complement_id)
    )


def _likely(baskets: CTE, popular: CTE) -> CTE:
    """What stands in too few orders cannot stand in enough of them together."""
    return (
        select(baskets.c.order_id, baskets.c.product_id)
        .join(popular, popular.c.product_id == baskets.c.product_id)
        .cte("likely")
    )


def _together(likely: CTE, *, min_orders: int) -> CTE:
    """Pairs by the orders that hold both: counted once, told both ways round."""
    other = likely.alias("other")
    once = (
        select(
            likely.c.product_id,
            other.c.product_id.label("complement_id"),
            func.count().label("orders_together"),
        )
        .join(other, other.c.order_id == likely.c.order_id)
        .where(likely.c.product_id < other.c.product_id)
        .group_by(likely.c.product_id, other.c.product_id)
        .having(func.count() >= min_orders)
        .cte("once")
    )
    turned = select(once.c.complement_id, once.c.product_id, once.c.orders_together)
    return union_all(select(once), turned).cte("together")


def _all_orders(baskets: CTE) -> Any:
    return select(func.count(baskets.c.order_id.distinct())).scalar_subquery()


def _evidence(row: tables.BoughtTogether) -> Evidence:
    return Evidence(
        row.orders_together,
        row.orders_of_product,
        row.orders_of_complement,
        row.orders,
        row.computed_at,
    )


def _strength(row: tables.BoughtTogether) -> tuple[float, float, str]:
    evidence = _evidence(row)
    return evidence.confidence, evidence.lift, row.complement_id
