"""The real intake over a real database, as a shop's backend meets it, at a time that stands still.

Nobody tells Temporal: what would be told can be looked at.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlmodel import SQLModel, col, select

from domain.events import EventName, Facts
from domain.incoming import Call, Incoming
from domain.journeys import RunStatus
from domain.pace import Pace
from domain.products import Product
from domain.requests import ConsentRequest, StartedRun, StartRequest
from domain.rules import Catalogue
from intake.intake import Intake
from store import tables
from store.customers import customer_by_any_id
from store.ledger import mark_run
from store.products import describe_products
from store.sessions import Database
from tests.fakes.clock import Clock
from tests.fakes.deliverer import FakeDeliverer
from workflows.catalogue import CATALOGUE

Row = TypeVar("Row", bound=SQLModel)
#: Half a character, as the name of an event: no database keeps it.
UNSTORABLE = "\ud800"
_NUMBERS = count(1)


@dataclass(frozen=True)
class FrontDoor:
    """Takes messages in, and lets a test look at what came of them."""

    database: Database
    intake: Intake
    clock: Clock
    deliverer: FakeDeliverer

    def track(
        self,
        name: str,
        *,
        user: str | None = "ada",
        browser: str | None = None,
        ago: timedelta = timedelta(),
        message_id: str | None = None,
        is_history: bool = False,
        about: dict[str, Any] | None = None,
    ) -> Incoming:
        """The message of somebody who does something, `about` some properties."""
        return Incoming(
            message_id=message_id or f"m-{next(_NUMBERS)}",
            call=Call.TRACK,
            happened_at=self.clock() - ago,
            received_at=self.clock(),
            user_id=user,
            anonymous_id=browser,
            name=EventName(name),
            properties=about or {},
            is_history=is_history,
        )

    def identify(
        self,
        *,
        user: str | None = "ada",
        browser: str | None = None,
        ago: timedelta = timedelta(),
        message_id: str | None = None,
        **traits: Any,
    ) -> Incoming:
        """The message that says who somebody is."""
        return Incoming(
            message_id=message_id or f"m-{next(_NUMBERS)}",
            call=Call.IDENTIFY,
            happened_at=self.clock() - ago,
            received_at=self.clock(),
            user_id=user,
            anonymous_id=browser,
            traits=traits,
        )

    def alias(self, previous: str, user: str) -> Incoming:
        """The message that two ids are one person."""
        return Incoming(
            message_id=f"m-{next(_NUMBERS)}",
            call=Call.ALIAS,
            happened_at=self.clock(),
            received_at=self.clock(),
            user_id=user,
            previous_id=previous,
        )

    async def takes(self, *messages: Incoming) -> None:
        """All messages arrive in one call."""
        await self.intake.accept(messages)

    async def knows(self, user: str = "ada", **traits: Any) -> None:
        """A customer of old, with an address, who may be written to."""
        told = {
            "email": f"{user}@example.org",
            "createdAt": "2020-05-01",
            "marketing_consent": ["email"],
            **traits,
        }
        await self.takes(self.identify(user=user, **told))

    async def sells(self, *products: Product) -> None:
        """The shop describes its products."""
        async with self.database.writing() as session:
            await describe_products(session, products, now=self.clock())

    async def starts(self, journey: str = "win-back", **request: Any) -> StartedRun:
        """A backend starts a journey directly."""
        return await self.intake.start(
            StartRequest(**{"journey": journey, "customer_id": "ada", "about": Facts(), **request})
        )

    async def chooses(
        self,
        *,
        granted: bool,
        source: str,
        user: str = "ada",
        by_mail: str | None = None,
        **request: Any,
    ) -> None:
        """Somebody says whether they want marketing by e-mail, perhaps by the link of a mail."""
        change = ConsentRequest("marketing", "email", granted=granted, **request)
        customer = await self.customer(user)
        await self.intake.change_consent(
            customer.id, [change], source=source, evidence={}, message_id=by_mail
        )

    async def all(self, table: type[Row]) -> list[Row]:
        """All rows of a table, the oldest first."""
        by = ("created_at", "id") if table is tables.Run else ("id",)
        async with self.database.reading() as session:
            found = await session.scalars(
                select(table).order_by(*(col(getattr(table, name)) for name in by))
            )
            return list(found)

    async def customer(self, shop_id: str = "ada") -> tables.Customer:
        """The customer whom the shop knows by this id."""
        async with self.database.reading() as session:
            found = await customer_by_any_id(session, shop_id)
        assert found is not None, f"nobody is known as {shop_id}"
        return found

    async def done_by(self, shop_id: str = "ada") -> list[str]:
        """The names of the customer's events, in order of arrival."""
        customer = await self.customer(shop_id)
        return [e.name for e in await self.all(tables.Event) if e.customer_id == customer.id]

    async def started(self) -> list[str]:
        """The journeys that were started, in order."""
        return [row.name for row in await self._dispatches() if row.kind == "start"]

    async def signals(self) -> list[tuple[str, str]]:
        """Which journey was told of which event, in order."""
        journeys = {run.id: run.journey for run in await self.all(tables.Run)}
        rows = await self._dispatches()
        return [(journeys[row.run_id], row.name) for row in rows if row.kind == "signal"]

    async def ends(self, journey: str, at: datetime | None = None) -> None:
        """The runs of this journey come to their end."""
        async with self.database.writing() as session:
            for run in await self.all(tables.Run):
                if run.journey == journey:
                    at = at or self.clock()
                    await mark_run(session, run.id, status=RunStatus.ENDED, ended_at=at)

    async def _dispatches(self) -> list[tables.Dispatch]:
        return await self.all(tables.Dispatch)


@asynccontextmanager
async def open_front_door(
    database: Database,
    *,
    clock: Clock | None = None,
    owner: str = "test",
    catalogue: Catalogue = CATALOGUE,
    double_opt_in: bool = False,
) -> AsyncIterator[FrontDoor]:
    """A gateway's intake over this database."""
    clock, deliverer = clock or Clock(), FakeDeliverer(owner=owner)
    async with Intake(
        database=database,
        catalogue=catalogue,
        pace=Pace(),
        deliverer=deliverer,
        now=clock,
        double_opt_in=double_opt_in,
    ) as intake:
        yield FrontDoor(database, intake, clock, deliverer)
