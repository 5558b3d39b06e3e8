"""Queries on silence."""

from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlmodel import col

from domain.products import ProductKind
from store import tables
from store.sessions import AsyncSession


async def silent_between(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    *,
    kind: ProductKind | None,
    limit: int,
) -> list[tuple[str, datetime]]:
    """Buyers of this kind of product who were last active in this time, and when.

    Those whose silence was noticed already are left out, and so are the erased and merged. They are
    found by the day, which has an index: the moment changes too often for one.
    """
    customer, event = tables.Customer, tables.Event
    noticed = (
        select(col(event.id))
        .where(col(event.customer_id) == col(customer.id))
        .where(col(event.name) == "Customer Lapsed")
        .where(col(event.happened_at) >= col(customer.last_active_at))
        .exists()
    )
    found = await session.execute(
        select(col(customer.id), col(customer.last_active_at))
        .where(col(customer.last_active_on).between(_day(since), _day(until)))
        .where(col(customer.last_active_at) > since, col(customer.last_active_at) <= until)
        .where(col(customer.last_ordered_at).is_not(None))
        .where(col(customer.bought_kind) == kind if kind else col(customer.bought_kind).is_(None))
        .where(col(customer.merged_into).is_(None), col(customer.erased_at).is_(None))
        .where(~noticed)
        .order_by(col(customer.last_active_at))
        .limit(limit)
    )
    return [(row.id, row.last_active_at) for row in found]


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
