"""Queries on the ledger for people who look at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal, select, tuple_
from sqlmodel import col

from domain.messages import MessageStatus
from store import tables
from store.columns import UtcDateTime
from store.customers import same_person
from store.sessions import AsyncSession


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are wanted; what is None does not matter."""

    #: Our own id of the customer; those merged into them count as well.
    customer_id: str | None = None
    run_id: str | None = None
    status: MessageStatus | None = None


async def list_messages(
    session: AsyncSession,
    wanted: MessageFilter,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[tables.Message]:
    """Messages, the latest first; `after` is the creation and id of the last one already seen."""
    message = tables.Message
    query = select(message)
    if wanted.customer_id is not None:
        person = select(same_person(wanted.customer_id).c.id)
        query = query.where(col(message.customer_id).in_(person))
    if wanted.run_id is not None:
        query = query.where(col(message.run_id) == wanted.run_id)
    if wanted.status is not None:
        query = query.where(col(message.status) == wanted.status)
    if after is not None:
        place = tuple_(literal(after[0], UtcDateTime()), literal(after[1]))
        query = query.where(tuple_(col(message.created_at), col(message.id)) < place)
    newest_first = (col(message.created_at).desc(), col(message.id).desc())
    return (await session.scalars(query.order_by(*newest_first).limit(limit))).all()


async def find_message(
    session: AsyncSession, message_id: str
) -> tuple[tables.Message, tables.MessageContent | None] | None:
    """The message with this id, and the mail as it left if it did."""
    message = await session.get(tables.Message, message_id)
    if message is None:
        return None
    return message, await session.get(tables.MessageContent, message_id)
