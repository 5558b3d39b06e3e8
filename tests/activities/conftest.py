"""A run of Ada's, and the activity that sends its steps."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.composing import Composer, Composition
from activities.sending import SendActivities
from domain.messages import StepOutcome, StepRequest
from domain.pace import Pace
from sending.channel import Channel, Mail, Receipt
from store import tables
from store.sessions import Database
from store.step_records import records_for
from tests.fakes.clock import Clock
from tests.fakes.postbox import Postbox
from tests.fakes.rows import NOON, ada, keep, run


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is written and read here must be the same with both."""
    return str(request.param)


@dataclass
class During:
    """A channel; something happens after it took the mail and before its answer is heard."""

    channel: Channel
    happens: Callable[[Mail], Awaitable[None]]

    @property
    def name(self) -> str:
        return self.channel.name

    @property
    def repeats_are_safe(self) -> bool:
        return self.channel.repeats_are_safe

    async def send(self, mail: Mail) -> Receipt:
        receipt = await self.channel.send(mail)
        await self.happens(mail)
        return receipt

    async def aclose(self) -> None:
        await self.channel.aclose()


class PowerCut(Exception):
    """The process is gone."""


async def power_cut(mail: Mail) -> None:
    """Happens during a call: nobody hears the provider's answer."""
    raise PowerCut(mail.message_id)


@dataclass
class Desk:
    """Where the steps of runs are sent from, at a time that stands still."""

    database: Database
    composer: Composer
    clock: Clock = field(default_factory=Clock)
    postbox: Postbox = field(default_factory=Postbox)

    async def has(self, *rows: Any) -> None:
        """Write rows in the order in which they refer to each other."""
        await keep(self.database, *rows)

    async def has_run(self, *, customer: dict[str, Any] | None = None, **changes: Any) -> None:
        """Ada, who agreed to marketing, and a run of hers that began now."""
        agreed = {"consents": {"marketing": ["email"]}}
        await self.has(ada(**(agreed | (customer or {}))), run(**changes))

    async def sends(
        self,
        step: str = "kept-for-you",
        *,
        channel: Channel | None = None,
        asked_at: datetime | None = None,
        **request: Any,
    ) -> StepOutcome:
        """What the activity answers to one attempt at the step."""
        activities = SendActivities(
            database=self.database,
            composer=self.composer,
            channel=channel or self.postbox,
            pace=Pace(),
            now=self.clock,
        )
        asked = StepRequest(
            **{"run_id": "run_1", "step": step, "asked_at": asked_at or self.clock(), **request}
        )
        return await ActivityEnvironment().run(activities.send_message, asked)

    async def knows(self, **changes: Any) -> None:
        """Bring what is on record of Ada up to date."""
        async with self.database.writing() as session:
            customer = await session.get_one(tables.Customer, "cus_ada")
            for name, value in changes.items():
                setattr(customer, name, value)

    async def message(self, step: str | None = None) -> tables.Message:
        """The only message in the ledger, or the only one of this step."""
        query = select(tables.Message)
        if step:
            query = query.where(col(tables.Message.step) == step)
        async with self.database.reading() as session:
            return (await session.scalars(query)).one()

    async def run(self) -> tables.Run:
        """The run as lists show it."""
        async with self.database.reading() as session:
            return await session.get_one(tables.Run, "run_1")


@pytest.fixture
def desk(database: Database, composer: Composer) -> Desk:
    return Desk(database, composer)


@dataclass
class Composing:
    """Composes the mails of a run of Ada's."""

    desk: Desk

    async def mail(self, step: str, **request: Any) -> Composition:
        asked = StepRequest(**{"run_id": "run_1", "step": step, "asked_at": NOON, **request})
        async with self.desk.database.writing() as session:
            records = await records_for(session, asked)
            return await self.desk.composer.compose(session, records, asked, self.desk.clock())

    async def shown(self, step: str, **request: Any) -> list[str]:
        return list((await self.mail(step, **request)).shown)


@pytest.fixture
def composing(desk: Desk) -> Composing:
    return Composing(desk)
