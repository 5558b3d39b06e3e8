"""What taking in events reads and writes, many customers at a time."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from domain.events import Event
from domain.journeys import OVER
from domain.routing import ActiveRun
from store import tables
from store.events import EVENT_COLUMNS, read_event
from store.runs import active_run
from store.sessions import AsyncSession
from store.statements import any_of, fetch
from store.upserts import table_of


@dataclass(slots=True)
class Runs:
    """A customer's runs: the active ones, and when each journey (and key) was last entered."""

    active: list[ActiveRun] = field(default_factory=list)
    entries: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def enter(self, run: ActiveRun) -> None:
        """Take a new run into account."""
        self.active.append(run)
        self.entries[run.journey, run.key] = run.entered_at


_EVENT: Final = table_of(tables.Event).c
_RUN: Final = table_of(tables.Run).c
_KNOWN: Final = select(_EVENT.message_id).where(_EVENT.message_id.in_(any_of("ids")))
_RUNS: Final = (
    select(
        _RUN.id,
        _RUN.journey,
        _RUN.key,
        _RUN.customer_id,
        _RUN.status,
        _RUN.entered_at,
        _RUN.about,
        _RUN.started_by,
    )
    .where(_RUN.customer_id.in_(any_of("ids")))
    .order_by(_RUN.entered_at)
)


async def known_messages(session: AsyncSession, message_ids: Collection[str]) -> set[str]:
    """Those of these message ids that were accepted before."""
    return {found for (found,) in await fetch(session, _KNOWN, ids=list(message_ids))}


async def runs_of(session: AsyncSession, customer_ids: Collection[str]) -> dict[str, Runs]:
    """The runs of these customers, by customer."""
    await session.flush()
    runs: dict[str, Runs] = defaultdict(Runs)
    for row in await fetch(session, _RUNS, ids=list(customer_ids)):
        known = runs[row.customer_id]
        known.entries[row.journey, row.key] = row.entered_at
        if row.status not in OVER:
            known.active.append(active_run(row))
    return runs


async def recent_events(
    session: AsyncSession, customer_ids: Collection[str], *, since: datetime
) -> dict[str, list[Event]]:
    """What these customers did since, in order of time, by customer."""
    event = tables.Event
    found = await session.execute(
        select(col(event.customer_id), *EVENT_COLUMNS)
        .where(col(event.customer_id).in_(list(customer_ids)))
        .where(col(event.happened_at) >= since)
        .order_by(col(event.happened_at), col(event.id))
    )
    recent: dict[str, list[Event]] = defaultdict(list)
    for row in found:
        recent[row.customer_id].append(read_event(row))
    return recent


async def runs_of_messages(session: AsyncSession, message_ids: Collection[str]) -> dict[str, str]:
    """Which run sent each of these messages."""
    if not message_ids:
        return {}
    message = tables.Message
    found = await session.execute(
        select(col(message.id), col(message.run_id)).where(col(message.id).in_(list(message_ids)))
    )
    return {row.id: row.run_id for row in found}
