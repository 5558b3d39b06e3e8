"""Queries on customers, whichever of their ids is at hand."""

from collections.abc import Sequence

from sqlalchemy import CTE, select
from sqlmodel import col

from store import tables
from store.sessions import AsyncSession


async def customer_by_shop_id(session: AsyncSession, shop_id: str) -> tables.Customer | None:
    """The customer whom the shop knows by this id; after a merge the one who remains."""
    found = await session.scalars(
        select(col(tables.Identity.customer_id)).where(
            col(tables.Identity.kind) == "user", col(tables.Identity.value) == shop_id
        )
    )
    customer_id = found.one_or_none()
    return await customer_by_id(session, customer_id) if customer_id else None


async def customer_by_id(session: AsyncSession, customer_id: str) -> tables.Customer | None:
    """The customer with this id of ours; after a merge the one who remains, None when erased."""
    wanted: str | None = customer_id
    customer: tables.Customer | None = None
    while wanted:
        customer = await session.get(tables.Customer, wanted)
        wanted = customer.merged_into if customer else None
    return None if customer is None or customer.erased_at else customer


async def anonymous_ids_of(session: AsyncSession, customer_id: str) -> Sequence[str]:
    """The browsers in which this customer was seen."""
    found = await session.scalars(
        select(col(tables.Identity.value))
        .where(col(tables.Identity.customer_id) == customer_id)
        .where(col(tables.Identity.kind) == "anonymous")
        .order_by(col(tables.Identity.value))
    )
    return found.all()


def same_person(customer_id: str) -> CTE:
    """The ids of this customer and of all who were merged into them, to select from."""
    start = select(col(tables.Customer.id)).where(col(tables.Customer.id) == customer_id)
    person = start.cte("person", recursive=True)
    merged = select(col(tables.Customer.id)).join(
        person, col(tables.Customer.merged_into) == person.c.id
    )
    return person.union(merged)
