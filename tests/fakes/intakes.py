"""The real intake over a test's database, with nobody behind it who would tell Temporal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from domain.pace import Pace
from intake.intake import Intake
from store.sessions import Database
from tests.fakes.deliverer import FakeDeliverer
from workflows.catalogue import CATALOGUE


@asynccontextmanager
async def open_intake(database: Database, deliverer: FakeDeliverer) -> AsyncIterator[Intake]:
    """An intake by the wall clock."""
    async with Intake(
        database=database,
        catalogue=CATALOGUE,
        pace=Pace(),
        deliverer=deliverer,
        now=lambda: datetime.now(UTC),
    ) as intake:
        yield intake
