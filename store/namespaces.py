"""Which namespace of Temporal the runs of this database live in."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete

from store import tables
from store.sessions import AsyncSession
from store.upserts import add_missing

#: There is one row.
_THE_ONE: Final = 1


async def namespace_of_runs(session: AsyncSession) -> tables.TemporalNamespace | None:
    """The namespace; None until somebody told of it."""
    return await session.get(tables.TemporalNamespace, _THE_ONE)


async def remember_namespace(
    session: AsyncSession, *, namespace_id: str, name: str, now: datetime
) -> tables.TemporalNamespace:
    """Keep it unless one is known; returns the one that is known now."""
    row = {"id": _THE_ONE, "namespace_id": namespace_id, "name": name, "remembered_at": now}
    await add_missing(session, tables.TemporalNamespace, [row], key=["id"])
    return await session.get_one(tables.TemporalNamespace, _THE_ONE)


async def forget_namespace(session: AsyncSession) -> tables.TemporalNamespace | None:
    """Know of none until somebody tells of one again; returns the one that was known."""
    known = await namespace_of_runs(session)
    await session.execute(delete(tables.TemporalNamespace))
    return known
