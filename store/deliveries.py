"""Providers' reports on messages: kept raw, and merged into the ledger in any order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from domain.deliveries import DeliveryEvent
from domain.messages import RANK, MessageStatus
from store import tables
from store.sessions import AsyncSession
from store.upserts import add_missing

_MOMENTS: Final = {
    "delivered": "delivered_at",
    "opened": "opened_at",
    "clicked": "clicked_at",
    "bounced": "bounced_at",
    "complained": "complained_at",
}


async def message_of(session: AsyncSession, report: DeliveryEvent) -> tables.Message | None:
    """The message a report is about, locked: by our id, else by the provider's."""
    ours, theirs = report.message_id, report.provider_message_id
    if ours and (found := await session.get(tables.Message, ours, with_for_update=True)):
        return found
    if not theirs:
        return None
    by_provider = await session.scalars(
        select(tables.Message)
        .where(col(tables.Message.provider_message_id) == theirs)
        .limit(1)
        .with_for_update()
    )
    return by_provider.first()


async def add_reports(
    session: AsyncSession,
    provider: str,
    reports: Sequence[DeliveryEvent],
    messages: Mapping[str, tables.Message | None],
    now: datetime,
) -> set[str]:
    """Keep reports as they came; returns the provider's ids of the new ones.

    What names a person whom an erasure would not find here is left out.
    """
    rows = [
        {
            "provider": provider,
            "event_id": report.id,
            "message_id": message.id if (message := messages[report.id]) else None,
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
