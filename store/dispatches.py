"""The starts and signals that Temporal still has to be told.

Rows of one run are told in the order of their ids. A dispatcher owns what it leased until the
lease is over, and renews it while it has them in hand; what a crashed one left is taken over then.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlmodel import col

from store import tables
from store.drivers import Row
from store.queries import Query, json_of
from store.rows import Addition
from store.sessions import AsyncSession
from store.sqlite_driver import on_the_spot
from store.writes import Writes

#: How long a crashed process keeps others from what it had in hand.
LEASE: Final = timedelta(seconds=15)


_DISPATCHES: Final = Addition(
    "dispatch",
    {
        **dict.fromkeys(("run_id", "kind", "name"), "text"),
        "payload": "jsonb",
        "attempts": "int",
        "owner": "text",
        **dict.fromkeys(("leased_until", "created_at"), "timestamptz"),
    },
)
_HELD: Final = Query("""
    SELECT id, workflow_id, settings_version, EXISTS (
        SELECT id FROM dispatch
        WHERE dispatch.run_id = run.id AND (owner IS NULL OR NOT owner {in_1})
    ) FROM run WHERE id {in_2}
""")


@dataclass(slots=True)
class NewDispatch:
    """A start or signal that Temporal is to be told; its columns are those of `tables.Dispatch`."""

    run_id: str
    kind: str
    name: str
    payload: dict[str, Any]
    #: Who has it in hand until when; None where it is left to whoever comes first.
    owner: str | None
    leased_until: datetime
    created_at: datetime


_ADDRESSES: Final = Query("SELECT id, workflow_id, settings_version FROM run WHERE id {in_1}")


class Address(NamedTuple):
    """Where Temporal finds a run, and by which version of its settings it began."""

    run_id: str
    workflow_id: str
    settings_version: int


async def addresses_of(session: AsyncSession, run_ids: Collection[str]) -> dict[str, Address]:
    """Where Temporal finds each of these runs."""
    with on_the_spot():
        found = await _ADDRESSES.rows(session, run_ids)
    return {row[0]: Address(*row) for row in found}


def add_dispatches(writes: Writes, new: Sequence[NewDispatch]) -> list[int]:
    """Add starts and signals in this order; the list gets their ids when they are written."""
    return writes.add(_DISPATCHES, [_row(one) for one in new], column="id")


def in_hand(new: Sequence[NewDispatch], ids: Sequence[int]) -> list[tables.Dispatch]:
    """Those that somebody has in hand, of all that were written under these ids."""
    return [
        tables.Dispatch(id=number, **{name: getattr(one, name) for name in NewDispatch.__slots__})
        for number, one in zip(sorted(ids), new, strict=True)
        if one.owner
    ]


def _row(new: NewDispatch) -> Row:
    told = (new.run_id, new.kind, new.name, json_of(new.payload))
    return (*told, 0, new.owner, new.leased_until, new.created_at)


async def held_elsewhere(
    session: AsyncSession, run_ids: Collection[str], *, owner: str
) -> tuple[set[str], dict[str, Address]]:
    """Those of these runs that have rows which somebody else holds, or nobody.

    And where Temporal finds each of these runs.
    """
    found = await _HELD.rows(session, [owner], run_ids)
    held = {run_id for run_id, *_, is_held in found if is_held}
    return held, {row[0]: Address(*row[:3]) for row in found}


async def any_overdue(session: AsyncSession, *, now: datetime) -> bool:
    """Whether some row has been left alone for longer than its lease."""
    row = tables.Dispatch
    found = await session.scalars(select(col(row.id)).where(col(row.leased_until) < now).limit(1))
    return found.first() is not None


async def start_is_due(session: AsyncSession, run_id: str) -> bool:
    """Whether Temporal still has to be told to start this run."""
    row = tables.Dispatch
    found = await session.scalars(
        select(col(row.id)).where(col(row.run_id) == run_id, col(row.kind) == "start").limit(1)
    )
    return found.first() is not None


async def lease_overdue(
    session: AsyncSession, *, owner: str, now: datetime, limit: int
) -> Sequence[tables.Dispatch]:
    """Take over the rows of runs that nobody has in hand, whole runs at a time.

    Two who ask at once never get the same: whoever locks a run first has it.
    """
    run, row = tables.Run, tables.Dispatch
    overdue = select(col(row.run_id)).where(col(row.leased_until) < now)
    chosen = await session.scalars(
        select(col(run.id))
        .where(col(run.id).in_(overdue), ~_in_hand(now))
        .order_by(col(run.id))
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    # Looked at once more: since the choice began, somebody may have taken one over and let go.
    free = await session.scalars(
        select(col(run.id)).where(col(run.id).in_(list(chosen)), ~_in_hand(now))
    )
    run_ids = list(free)
    if not run_ids:
        return []
    await session.execute(
        update(row)
        .where(col(row.run_id).in_(run_ids))
        .values(owner=owner, leased_until=now + LEASE)
    )
    found = await session.scalars(
        select(row).where(col(row.run_id).in_(run_ids)).order_by(col(row.id))
    )
    return found.all()


def _in_hand(now: datetime) -> ColumnElement[bool]:
    """Whether somebody's lease of a run's rows still lasts."""
    run, row = tables.Run, tables.Dispatch
    mine = col(row.run_id) == col(run.id)
    return select(col(row.id)).where(mine, col(row.leased_until) >= now).exists()


async def renew(
    session: AsyncSession, run_ids: Collection[str], *, owner: str, now: datetime
) -> None:
    """Go on holding the rows of these runs, as far as `owner` holds them."""
    row = tables.Dispatch
    await session.execute(
        update(row)
        .where(col(row.owner) == owner, col(row.run_id).in_(list(run_ids)))
        .values(leased_until=now + LEASE)
    )


async def let_go(session: AsyncSession, *, owner: str, now: datetime) -> None:
    """Give back what `owner` has in hand: whoever asks next gets it, without waiting."""
    row = tables.Dispatch
    await session.execute(
        update(row).where(col(row.owner) == owner).values(owner=None, leased_until=now)
    )


async def forget(session: AsyncSession, ids: Collection[int]) -> None:
    """Delete rows that Temporal has been told."""
    await session.execute(delete(tables.Dispatch).where(col(tables.Dispatch.id).in_(list(ids))))


async def note_failure(
    session: AsyncSession, dispatch_id: int, *, error: str, again_at: datetime
) -> None:
    """Count a failed attempt and leave the row alone until `again_at`."""
    row = tables.Dispatch
    await session.execute(
        update(row)
        .where(col(row.id) == dispatch_id)
        .values(attempts=col(row.attempts) + 1, last_error=error[:1_000])
    )
    run_id = select(col(row.run_id)).where(col(row.id) == dispatch_id).scalar_subquery()
    await session.execute(
        update(row).where(col(row.run_id) == run_id).values(leased_until=again_at, owner=None)
    )


async def backlog(session: AsyncSession) -> int:
    """How many starts and signals are still to be told."""
    return (await session.scalar(select(func.count()).select_from(tables.Dispatch))) or 0


async def oldest(session: AsyncSession) -> datetime | None:
    """Since when the oldest of them has waited; None when there is none."""
    row = tables.Dispatch
    return await session.scalar(select(col(row.created_at)).order_by(col(row.id)).limit(1))
