"""A gateway whose intake is Dormouse's own or the bare one, and all else the same.

    python -m benchmarks.intake.server dormouse|bare

Settings come from the environment. Nobody tells Temporal: the starts and signals that follow are
committed and stay where a dispatcher would find them. What they cost Temporal is measured apart.
"""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final, cast

from api import services
from api.services import Services
from benchmarks.intake.bare import BareIntake
from config import Settings, read_settings
from dispatch.connection import connect
from dispatch.control import RunControl
from intake.intake import Intake
from local.serving import serve_gateway
from sending.links import Links
from store import tables
from store.dispatches import Address
from store.sessions import Database
from workflows.catalogue import CATALOGUE

DORMOUSE: Final = "dormouse"
BARE: Final = "bare"


class NobodyDelivers:
    """Never has room, so that every start and signal stays in the database."""

    owner = "benchmark"
    has_room = False

    def deliver(self, rows: Sequence[tables.Dispatch], addresses: Mapping[str, Address]) -> None:
        """Nothing is ever handed over."""


@asynccontextmanager
async def _with_own_intake(settings: Settings) -> AsyncIterator[Services]:
    async with _opened(settings) as database:
        intake = Intake(
            database=database,
            catalogue=CATALOGUE,
            pace=settings.pace,
            deliverer=NobodyDelivers(),
            now=lambda: datetime.now(UTC),
        )
        async with intake:
            yield await _services(settings, database, intake)


@asynccontextmanager
async def _with_bare_intake(settings: Settings) -> AsyncIterator[Services]:
    async with _opened(settings) as database, BareIntake(database) as intake:
        yield await _services(settings, database, cast("services.Intake", intake))


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    async with AsyncExitStack() as stack:
        database = Database.open(settings.database)
        stack.push_async_callback(database.close)
        yield database


async def _services(settings: Settings, database: Database, intake: services.Intake) -> Services:
    client = await connect(settings.temporal_address, lazy=True)
    return Services(
        settings=settings,
        database=database,
        intake=intake,
        control=RunControl(client),
        catalogue=CATALOGUE,
        links=Links("a secret of the benchmark's own, 32+", settings.base_url),
    )


if __name__ == "__main__":
    opening = {DORMOUSE: _with_own_intake, BARE: _with_bare_intake}[sys.argv[1]]
    serve_gateway(read_settings(), opening)
