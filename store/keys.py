"""Keys to the gateway. Whoever reads the database learns none: only hashes are kept."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from store import tables
from store.sessions import AsyncSession

_PREFIX: Final = "dm_"
_SHOWN: Final = 8
#: Of the columns that tell who did something.
LONGEST_NAME: Final = 255


async def create_key(
    session: AsyncSession,
    *,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    rate_limit: float | None = None,
) -> str:
    """Make a key and return it; nobody can read it again later.

    `rate_limit` is in messages a second: None for the gateway's own, 0 for no limit.
    """
    key = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    session.add(
        tables.ApiKey(
            name=name,
            hash=_hash(key),
            hint=key[:_SHOWN],
            scopes=sorted(set(scopes)),
            rate_limit=rate_limit,
            created_at=now,
        )
    )
    await session.flush()
    return key


async def find_key(session: AsyncSession, plaintext: str) -> tables.ApiKey | None:
    """The key's row; None when there is none or it was revoked."""
    found = await session.scalars(
        select(tables.ApiKey)
        .where(col(tables.ApiKey.hash) == _hash(plaintext))
        .where(col(tables.ApiKey.revoked_at).is_(None))
    )
    return found.one_or_none()


async def list_keys(session: AsyncSession) -> list[tables.ApiKey]:
    """All keys, oldest first; the revoked ones too."""
    return list(await session.scalars(select(tables.ApiKey).order_by(col(tables.ApiKey.id))))


async def revoke_keys(session: AsyncSession, *, name: str, now: datetime) -> int:
    """Make the keys of this name useless; returns how many there were to revoke."""
    still_valid = await session.scalars(
        select(tables.ApiKey)
        .where(col(tables.ApiKey.name) == name)
        .where(col(tables.ApiKey.revoked_at).is_(None))
    )
    revoked = still_valid.all()
    for key in revoked:
        key.revoked_at = now
    return len(revoked)


def _hash(key: str) -> str:
    # A fast hash will do: the key is 256 random bits, there is nothing to guess.
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
