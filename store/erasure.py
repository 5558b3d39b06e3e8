"""Forgetting a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlmodel import col

from store import tables
from store.audits import audit
from store.customers import same_person
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


async def merged_into(
    session: AsyncSession, customer: tables.Customer
) -> Sequence[tables.Customer]:
    """Everybody who was found to be this customer."""
    found = await session.scalars(
        select(tables.Customer)
        .where(col(tables.Customer.id).in_(select(same_person(customer.id).c.id)))
        .where(col(tables.Customer.id) != customer.id)
    )
    return found.all()


async def erase_customer(
    session: AsyncSession, customer: tables.Customer, *, actor: str, at: datetime
) -> None:
    """Delete all that tells about the person; runs and messages stay as bare numbers.

    Whoever was merged into them goes too. Their addresses stay suppressed by their hashes, so that
    an import cannot bring them back to life. The audit trail keeps who asked for it, and our id.
    """
    await audit(session, "customer.erased", customer.id, actor=actor, now=at)
    person = [customer, *await merged_into(session, customer)]
    for address in {known.email for known in person if known.email}:
        await suppress(session, address, reason="erased", source="erasure", at=at)
    ids = [known.id for known in person]
    await _forget_mails(session, ids)
    for table in _DELETED:
        await session.execute(delete(table).where(col(table.customer_id).in_(ids)))
    await session.execute(
        update(tables.Run).where(col(tables.Run.customer_id).in_(ids)).values(about={})
    )
    for known in person:
        _forget(known, at)
        session.add(known)


def _forget(customer: tables.Customer, at: datetime) -> None:
    for name in _FIELDS:
        setattr(customer, name, None)
    customer.attributes, customer.consents, customer.pending, customer.latest = {}, {}, {}, {}
    customer.erased_at = at


async def _forget_mails(session: AsyncSession, ids: Sequence[str]) -> None:
    message, content, report = tables.Message, tables.MessageContent, tables.DeliveryEvent
    sent = select(col(message.id)).where(col(message.customer_id).in_(ids))
    await session.execute(delete(content).where(col(content.message_id).in_(sent)))
    await session.execute(update(report).where(col(report.message_id).in_(sent)).values(raw={}))
    await session.execute(
        update(message)
        .where(col(message.customer_id).in_(ids))
        .values(to_address=None, subject=None, reason=None)
    )
