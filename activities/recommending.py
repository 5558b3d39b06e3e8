"""Counting what is bought together."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from temporalio import activity

from activities.beating import beating
from domain.pace import Pace
from domain.recommending import Refreshed, Togetherness
from store.bought_together import count_pairs, forget_pairs, keep_pairs
from store.sessions import Database

#: Pairs written in one transaction: whoever waits for the database waits a tenth of a second.
_AT_ONCE: Final = 2_000


class ComplementActivities:
    """Counting, with what it needs handed in."""

    def __init__(self, *, database: Database, pace: Pace, now: Callable[[], datetime]) -> None:
        self._database, self._pace, self._now = database, pace, now

    @activity.defn
    async def refresh_complements(self, rules: Togetherness) -> Refreshed:
        """Count over the orders of late, and keep what goes together; safe to do again."""
        now = self._now()
        with beating():
            async with self._database.reading() as session:
                since = now - self._pace.of(rules.within)
                pairs = await count_pairs(session, rules, since=since)
            for begin in range(0, len(pairs), _AT_ONCE):
                async with self._database.writing() as session:
                    await keep_pairs(session, pairs[begin : begin + _AT_ONCE], now=now)
            async with self._database.writing() as session:
                await forget_pairs(session, computed_before=now)
        return Refreshed(products=len({pair.product_id for pair in pairs}), pairs=len(pairs))
