"""Addresses that we must not write to. Only their hashes are kept, so that they outlive people."""

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import col

from store import tables
from store.sessions import AsyncSession
from store.upserts import add_missing


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

    False when it was suppressed in this scope already; the first reason stays.
    """
    row = {
        "address_hash": address_key(address),
        "channel": "email",
        "scope": scope,
        "reason": reason,
        "source": source,
        "at": at,
    }
    key = ["address_hash", "channel", "scope"]
    return bool(await add_missing(session, tables.Suppression, [row], key=key))


async def lift_suppression(
    session: AsyncSession, address: str, *, reasons: Collection[str]
) -> None:
    """Let marketing reach `address` again where it was blocked for one of `reasons`."""
    await session.execute(
        delete(tables.Suppression)
        .where(col(tables.Suppression.address_hash) == address_key(address))
        .where(col(tables.Suppression.scope) == "marketing")
        .where(col(tables.Suppression.reason).in_(list(reasons)))
    )
