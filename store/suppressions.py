"""Addresses that we must not write to. Only their hashes are kept, so that they outlive people."""

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import col

from domain.consents import FREED_BY_CONSENT
from store import tables
from store.sessions import AsyncSession
from store.upserts import insert_into, table_of


def address_key(address: str) -> str:
    """The hash under which an address is kept, however it is written."""
    plain = unicodedata.normalize("NFKC", address).strip().lower()
    return hashlib.sha256(plain.encode()).hexdigest()


async def suppressions_of(
    session: AsyncSession, address: str, *, channel: str = "email"
) -> Sequence[tables.Suppression]:
    """Why we must not write to `address`, if anything forbids it; the oldest reason first."""
    found = await session.scalars(
        select(tables.Suppression)
        .where(col(tables.Suppression.address_hash) == address_key(address))
        .where(col(tables.Suppression.channel) == channel)
        .order_by(col(tables.Suppression.at), col(tables.Suppression.id))
    )
    return found.all()


async def suppress(
    session: AsyncSession,
    address: str,
    *,
    reason: str,
    source: str,
    at: datetime,
    scope: str = "all",
) -> bool:
    """Write no more mail to `address`: `scope` is `all` or `marketing`.

    False when nothing new is known. Of several reasons in one scope the first stays, but one that
    a consent lifts gives way to one that none does: a complaint outlasts an unsubscribe.
    """
    suppression = table_of(tables.Suppression)
    row = {
        "address_hash": address_key(address),
        "channel": "email",
        "scope": scope,
        "reason": reason,
        "source": source,
        "at": at,
    }
    adding = insert_into(session, tables.Suppression)
    told = adding.excluded
    statement = adding.on_conflict_do_update(
        index_elements=["address_hash", "channel", "scope"],
        set_={"reason": told.reason, "source": told.source, "at": told.at},
        where=suppression.c.reason.in_(FREED_BY_CONSENT) & told.reason.not_in(FREED_BY_CONSENT),
    )
    written = await session.execute(statement.returning(suppression.c.id), [row])
    return written.first() is not None


async def lift_suppression(session: AsyncSession, address: str) -> None:
    """Let mail reach `address` again as far as its owner's new consent may free it."""
    await session.execute(
        delete(tables.Suppression)
        .where(col(tables.Suppression.address_hash) == address_key(address))
        .where(col(tables.Suppression.reason).in_(FREED_BY_CONSENT))
    )


async def lift_all(session: AsyncSession, address: str) -> list[str]:
    """Forget all that is held against mail to `address`; returns the reasons there were."""
    suppression = tables.Suppression
    lifted = await session.scalars(
        delete(suppression)
        .where(col(suppression.address_hash) == address_key(address))
        .returning(col(suppression.reason))
    )
    return sorted(lifted)
