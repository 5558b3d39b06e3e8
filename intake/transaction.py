"""One transaction of the intake: what is read, what follows, and its delivery after the commit."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.opt_in import DoubleOptIn
from domain.pace import Pace
from domain.rules import Catalogue
from intake.effects import Effects
from store import tables
from store.dispatches import Address, add_dispatches, held_elsewhere, in_hand
from store.journey_settings import catalogue_in_force
from store.overtaking import overtaking_noticed
from store.runs import add_runs
from store.sessions import AsyncSession, Database


class Deliverer(Protocol):
    """Who tells Temporal what was committed."""

    @property
    def owner(self) -> str:
        """The name under which this process leases deliveries."""

    @property
    def has_room(self) -> bool:
        """Whether it can take more in hand now; the rest waits in the database."""

    def deliver(self, rows: Sequence[tables.Dispatch], addresses: Mapping[str, Address]) -> None:
        """Take committed starts and signals in hand; `addresses` says where their runs are."""


@dataclass(frozen=True, slots=True)
class Transactions:
    """Opens the intake's transactions."""

    database: Database
    #: The journeys with their default settings.
    catalogue: Catalogue
    pace: Pace
    deliverer: Deliverer
    now: Callable[[], datetime]
    #: Whether consents must be confirmed in this shop.
    double_opt_in: bool = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[AsyncSession, Effects]]:
        """A session and the effects to fill; both are committed together, then delivered.

        Raises Overtaken when another process wrote the same first: then do it again.
        """
        now = self.now()
        with overtaking_noticed():
            async with self.database.writing() as session:
                catalogue = await catalogue_in_force(session, self.catalogue)
                opt_in = DoubleOptIn.under(
                    catalogue.values(), is_on=self.double_opt_in, pace=self.pace
                )
                effects = Effects(catalogue, self.pace, self.deliverer.owner, now, opt_in)
                yield session, effects
                in_hand, addresses = await self._record(session, effects)
        if in_hand:
            self.deliverer.deliver(in_hand, addresses)

    async def _record(
        self, session: AsyncSession, effects: Effects
    ) -> tuple[Sequence[tables.Dispatch], Mapping[str, Address]]:
        """Write runs and deliveries; returns those that this process delivers itself.

        And where Temporal finds their runs.
        """
        writes = effects.writes
        await session.flush()  # what the session still holds, before what refers to it
        addresses = await self._take_in_hand(session, effects)
        add_runs(writes, effects.runs)
        ids = add_dispatches(writes, effects.dispatches)
        await writes.write_last(session)
        return in_hand(effects.dispatches, ids), addresses

    async def _take_in_hand(self, session: AsyncSession, effects: Effects) -> Mapping[str, Address]:
        """Leave what somebody else has to deliver first; returns where Temporal finds the runs."""
        left, addresses = {row.run_id for row in effects.dispatches}, dict[str, Address]()
        if left and self.deliverer.has_room:
            addresses = {
                run.id: Address(run.id, run.workflow_id, run.settings_version)
                for run in effects.runs
            }
            left -= addresses.keys()
            if left:
                left, older = await held_elsewhere(session, left, owner=self.deliverer.owner)
                addresses |= older
        for row in effects.dispatches:
            if row.run_id in left:
                # Behind somebody's earlier delivery, or too many at once: swept up in its turn.
                row.owner, row.leased_until = None, effects.now
        return addresses
