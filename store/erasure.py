"""Forgetting a person."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlmodel import col

from store import tables
from store.sessions import AsyncSession
from store.suppressions import suppress

_FIELDS: Final = (
    "external_id",
    "email",
    "email_key",
    "phone",
    "first_name",
    "last_name",
    "locale",
    "timezone",
    "country",
    "birthday",
    "bought_kind",
    "last_active_at",
    "last_ordered_at",
)
#: What is deleted outright: it tells what the person did or agreed to.
_DELETED: Final = (tables.Event, tables.Identity, tables.ConsentChange, tables.Order)


async def erase_customer(
    session: AsyncSession, customer: tables.Customer, *, actor: str, at: datetime
) -> None:
    """Delete all that tells about the person; runs and messages stay as bare numbers.

    The address stays suppressed by its hash, so that an import cannot bring it back to life.
    """
    if customer.email:
        await suppress(session, customer.email, reason="erased", source=actor, at=at)
    await _forget_mails(session, customer.id)
    for table in _DELETED:
        await session.execute(delete(table).where(col(table.customer_id) == customer.id))
    for name in _FIELDS:
        setattr(customer, name, None)
    customer.attributes, customer.consents, customer.latest = {}, {}, {}
    customer.erased_at = at
    session.add(customer)


async def _forget_mails(session: AsyncSession, customer_id: str) -> None:
    message, content, report = tables.Message, tables.MessageContent, tables.DeliveryEvent
    sent = select(col(message.id)).where(col(message.customer_id) == customer_id)
    await session.execute(delete(content).where(col(content.message_id).in_(sent)))
    await session.execute(update(report).where(col(report.message_id).in_(sent)).values(raw={}))
    await session.execute(
        update(message)
        .where(col(message.customer_id) == customer_id)
        .values(to_address=None, subject=None, reason=None)
    )
