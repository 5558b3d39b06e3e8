"""Queries on customers, whichever of their ids is at hand."""

from collections.abc import Sequence

from sqlalchemy import CTE, select
from sqlmodel import col

from store import tables
from store.sessions import AsyncSession


async def customer_by_any_id(session: AsyncSession, any_id: str) -> tables.Customer | None:
    """The customer with this id; after a merge the one who remains.

    It may be the shop's or ours; of a visitor, for whom the shop has none, also a browser's.
    """
    found = await session.execute(
        select(col(tables.Identity.kind), col(tables.Identity.customer_id)).where(
            col(tables.Identity.value) == any_id
        )
    )
    known = {row.kind: row.customer_id for row in found}
    if "user" in known:
        return await customer_by_id(session, known["user"])
    if ours := await customer_by_id(session, any_id):
        return ours
    visitor = await customer_by_id(session, known["anonymous"]) if "anonymous" in known else None
    return visitor if visitor and visitor.external_id is None else None


async def customer_by_id(session: AsyncSession, customer_id: str) -> tables.Customer | None:
    """The customer with this id of ours; after a merge the one who remains, None when erased."""
    wanted: str | None = customer_id
    customer: tables.Customer | None = None
    while wanted:
        customer = await session.get(tables.Customer, wanted)
        wanted = customer.merged_into if customer else None
    return None if customer is None or customer.erased_at else customer


async def locked_customer(session: AsyncSession, customer_id: str) -> tables.Customer | None:
    """The customer as they are now, locked; after a merge the one who remains, None when erased.

    Whoever changes what is known of a person, or decides by it, locks them first and all else
    after: so two such never wait for each other. The lock lasts until the transaction ends.
    """
    remaining = await locked_survivor(session, customer_id)
    return None if remaining is None or remaining.erased_at else remaining


async def locked_survivor(session: AsyncSession, customer_id: str) -> tables.Customer | None:
    """As `locked_customer`, but the erased are found too."""
    customer = tables.Customer
    wanted: str | None = customer_id
    while wanted:
        found = await session.scalars(
            select(customer)
            # Asked again once the lock is there: of those merged meanwhile nobody is locked.
            .where(col(customer.id) == wanted, col(customer.merged_into).is_(None))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if known := found.one_or_none():
            return known
        wanted = await session.scalar(
            select(col(customer.merged_into)).where(col(customer.id) == wanted)
        )
    return None


async def has_address(session: AsyncSession, customer_id: str, address: str) -> bool:
    """Whether this customer has the address now, or brought it along in a merge."""
    found = await session.scalars(
        select(col(tables.Customer.id))
        .where(col(tables.Customer.id).in_(select(same_person(customer_id).c.id)))
        .where(col(tables.Customer.email_key) == address.lower())
        .limit(1)
    )
    return found.first() is not None


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
