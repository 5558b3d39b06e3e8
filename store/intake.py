"""What taking in events reads and writes, many customers at a time."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from domain.events import Facts
from domain.journeys import OVER
from domain.routing import ActiveRun
from store import tables
from store.queries import Query, moment_in, object_in
from store.sessions import AsyncSession


@dataclass(slots=True)
class Runs:
    """A customer's runs: the active ones, and when each journey (and key) was last entered."""

    active: list[ActiveRun] = field(default_factory=list)
    entries: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def enter(self, run: ActiveRun) -> None:
        """Take a new run into account."""
        self.active.append(run)
        self.entries[run.journey, run.key] = run.entered_at


#: One look into the index for each, however large the table: to join them may read all of it.
_KNOWN: Final = Query(
    "SELECT message_id FROM {asked} AS asked"
    " WHERE (SELECT true FROM event WHERE event.message_id = asked.message_id)",
    asked={"message_id": "text"},
)
_RUNS: Final = Query("""
    SELECT customer_id, id, journey, key, status, entered_at, CAST(about AS text), started_by
    FROM run WHERE customer_id {in_1} ORDER BY entered_at
""")


async def known_messages(session: AsyncSession, message_ids: Collection[str]) -> set[str]:
    """Those of these message ids that were accepted before."""
    return {found for (found,) in await _KNOWN.rows_about(session, [(id_,) for id_ in message_ids])}


async def runs_of(session: AsyncSession, customer_ids: Collection[str]) -> defaultdict[str, Runs]:
    """The runs of these customers, by customer."""
    await session.flush()
    runs: defaultdict[str, Runs] = defaultdict(Runs)
    for (
        customer_id,
        run_id,
        journey,
        key,
        status,
        entered_at,
        about,
        started_by,
    ) in await _RUNS.rows(session, customer_ids):
        known, entered = runs[customer_id], moment_in(entered_at)
        known.entries[journey, key] = entered
        if status not in OVER:
            known.active.append(ActiveRun(run_id, journey, key, entered, _facts(about), started_by))
    return runs


@lru_cache(maxsize=4_096)
def _facts(about: str) -> Facts:
    """What a run is about. It is asked with each event of a customer who has runs."""
    return Facts.model_validate(object_in(about))


async def runs_of_messages(session: AsyncSession, message_ids: Collection[str]) -> dict[str, str]:
    """Which run sent each of these messages."""
    if not message_ids:
        return {}
    message = tables.Message
    found = await session.execute(
        select(col(message.id), col(message.run_id)).where(col(message.id).in_(list(message_ids)))
    )
    return {row.id: row.run_id for row in found}
