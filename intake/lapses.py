"""Silence as an event: customers who have bought, and have done nothing for too long.

What counts as too long is a setting of the journey that starts on it, by what was last bought. The
event's id names the silence, so that several gateways may look and it still happens once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dispatch.repeating import Repeating
from domain.events import CUSTOMER_LAPSED
from domain.incoming import Call, Incoming
from domain.lapsing import LapsingSettings
from domain.pace import Pace
from domain.rules import Catalogue
from intake.intake import Intake
from store.journey_settings import catalogue_in_force
from store.lapses import silent_between
from store.sessions import Database

#: How often to look, in the journeys' own time.
_EVERY: Final = timedelta(minutes=10)
_AT_LEAST: Final = 1.0
_MOST_AT_ONCE: Final = 500


class LapseWatch(Repeating):
    """Looks for customers who lapsed, and says so."""

    def __init__(
        self,
        *,
        database: Database,
        intake: Intake,
        catalogue: Catalogue,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        every = max(pace.of(_EVERY).total_seconds(), _AT_LEAST)
        super().__init__("lapses", self.look, every=every)
        self._database, self._intake, self._catalogue = database, intake, catalogue
        self._pace, self._now = pace, now

    async def look(self) -> None:
        """Send `Customer Lapsed` for everybody whose silence has just become too long.

        Not while the journey is paused: it would refuse them, and a silence is noticed once.
        """
        async with self._database.reading() as session:
            catalogue = await catalogue_in_force(session, self._catalogue)
        for rules in catalogue.values():
            if isinstance(rules.settings, LapsingSettings) and not rules.is_paused:
                await self._look_for(rules.settings, rules.entry.fresh_for)

    async def _look_for(self, settings: LapsingSettings, fresh_for: timedelta) -> None:
        now = self._now()
        for kind, patience in settings.patience().items():
            until = now - self._pace.of(patience)
            since = until - self._pace.of(fresh_for)
            async with self._database.reading() as session:
                silent = await silent_between(session, since, until, kind=kind, limit=_MOST_AT_ONCE)
            lapsed = [
                _lapse(customer, at, at + self._pace.of(patience), now) for customer, at in silent
            ]
            await self._intake.accept(lapsed)


def _lapse(customer_id: str, silent_since: datetime, at: datetime, now: datetime) -> Incoming:
    return Incoming(
        message_id=f"lapsed:{customer_id}:{silent_since.isoformat()}",
        call=Call.TRACK,
        happened_at=at,
        received_at=now,
        customer_id=customer_id,
        name=CUSTOMER_LAPSED,
        properties={"silent_since": silent_since.isoformat()},
    )
