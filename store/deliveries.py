"""Providers' reports on messages: kept raw, and merged into the ledger in any order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from domain.deliveries import DeliveryEvent
from domain.messages import RANK, MessageStatus
from store import tables
from store.customers import locked_customer
from store.sessions import AsyncSession
from store.upserts import add_missing

_MOMENTS: Final = {
    "delivered": "delivered_at",
    "opened": "opened_at",
    "clicked": "clicked_at",
    "bounced": "bounced_at",
    "complained": "complained_at",
}


async def messages_of(
    session: AsyncSession, reports: Sequence[DeliveryEvent]
) -> dict[str, tables.Message]:
    """The messages that reports are about, by the reports' ids: by our id, else by the provider's.

    They are locked, and their customers before them.
    """
    about = {report.id: found for report in reports if (found := await _found(session, report))}
    for customer_id in sorted({owner for _, owner in about.values()}):
        await locked_customer(session, customer_id)
    message = tables.Message
    locked = await session.scalars(
        select(message)
        .where(col(message.id).in_({message_id for message_id, _ in about.values()}))
        .order_by(col(message.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    messages = {row.id: row for row in locked}
    return {report: messages[message_id] for report, (message_id, _) in about.items()}


async def _found(session: AsyncSession, report: DeliveryEvent) -> tuple[str, str] | None:
    """The ids of a report's message and of its customer."""
    message = tables.Message
    for column, value in (
        (message.id, report.message_id),
        (message.provider_message_id, report.provider_message_id),
    ):
        if value:
            columns = select(col(message.id), col(message.customer_id))
            found = (await session.execute(columns.where(col(column) == value).limit(1))).first()
            if found:
                return found[0], found[1]
    return None


async def mailbox_of(session: AsyncSession, message_id: str) -> str | None:
    """The address that a message went to; None when it is unknown, or its reader was erased."""
    columns = select(col(tables.Message.to_address))
    found: str | None = await session.scalar(columns.where(col(tables.Message.id) == message_id))
    return found


async def add_reports(
    session: AsyncSession,
    provider: str,
    reports: Sequence[DeliveryEvent],
    messages: Mapping[str, tables.Message],
    now: datetime,
) -> set[str]:
    """Keep reports as they came; returns the provider's ids of the new ones.

    What names a person whom an erasure would not find here is left out.
    """
    rows = [
        {
            "provider": provider,
            "event_id": report.id,
            "message_id": message.id if (message := messages.get(report.id)) else None,
            "type": report.type,
            "happened_at": report.happened_at,
            "received_at": now,
            "machine": report.machine,
            "raw": dict(report.raw) if message and message.to_address else {},
        }
        for report in reports
    ]
    added = await add_missing(session, tables.DeliveryEvent, rows, key=["provider", "event_id"])
    return {event_id for _, event_id in added}


async def own_messages(session: AsyncSession, ids: Mapping[str, str]) -> dict[str, tables.Message]:
    """Messages by id, of those that belong to the customer whom `ids` names for each.

    Their customers are locked already.
    """
    message = tables.Message
    found = await session.scalars(
        select(message)
        .where(col(message.id).in_(list(ids)), col(message.customer_id).in_(set(ids.values())))
        .order_by(col(message.id))
        .with_for_update(key_share=True)
    )
    return {row.id: row for row in found if row.customer_id == ids[row.id]}


def advance(message: tables.Message, report: DeliveryEvent, status: MessageStatus | None) -> None:
    """Let the message know of a report; a later state is never taken back by a late report."""
    moment = _MOMENTS.get(report.type)
    if moment and not report.machine:
        known = getattr(message, moment)
        setattr(message, moment, min(known, report.happened_at) if known else report.happened_at)
    if status is None or message.status not in RANK:
        return
    if RANK[status] > RANK[MessageStatus(message.status)]:
        message.status = status
        if message.to_address:  # else they were erased, and a reason may name them
            message.reason = report.reason or message.reason
        message.sent_at = message.sent_at or report.happened_at
