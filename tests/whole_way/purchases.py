"""Purchases as the shop knows them: accepted at the latest when they were answered for."""

from datetime import UTC, datetime

from sqlmodel import col, select

from store import tables
from store.sessions import Database

#: The moments at which orders were answered for, by customer.
Orders = dict[str, datetime]


async def reminders_after(orders: Orders, database: Database) -> list[tuple[str | None, str]]:
    """The reminders that were claimed after their customer's order had been answered for.

    Not since it arrived: until its commit, a claim that is under way may come before it.
    """
    message, customer = tables.Message, tables.Customer
    reminders = (
        select(col(customer.external_id), col(message.step), col(message.claimed_at))
        .join(customer, col(customer.id) == col(message.customer_id))
        .where(col(message.journey) == "cart-abandonment", col(message.step) != "thank-you")
    )
    async with database.reading() as session:
        found = (await session.execute(reminders)).all()
    never = datetime.max.replace(tzinfo=UTC)
    return [(who, step) for who, step, at in found if at and at > orders.get(who or "", never)]
