"""A customer in the whole house, in virtual time."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from activities.composing import Composer
from domain.pace import Pace
from runtime.listing import name_of, require_mails
from sending.channel import Channel
from sending.outbox import OutboxChannel
from store.sessions import Database
from tests.driver.customer import Customer
from tests.driver.house import Server, open_house, time_skipping
from tests.histories.record import Recorder
from workflows.catalogue import JOURNEYS

OnJourney = Callable[..., AbstractAsyncContextManager[Customer]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-histories", type=Path, help="keep what runs do, for later versions")


@pytest.fixture(scope="session")
def recorder(pytestconfig: pytest.Config) -> Recorder | None:
    """Records histories where the tests are played for that (tests/histories/record.py)."""
    folder = pytestconfig.getoption("--record-histories", default=None)
    return Recorder(folder) if folder else None


@pytest.fixture
def customer_on(
    database: Database, composer: Composer, tmp_path: Path, recorder: Recorder | None
) -> OnJourney:
    """`async with customer_on("cart-abandonment") as customer`: known, with consent."""

    @asynccontextmanager
    async def open_for(
        *journeys: str,
        channel: Channel | None = None,
        known: bool = True,
        server: Server = time_skipping,
        pace: Pace = Pace(),
        double_opt_in: bool = False,
        **settings: Any,
    ) -> AsyncIterator[Customer]:
        told = [journey for journey in JOURNEYS if name_of(journey) in journeys]
        require_mails(told or JOURNEYS, composer.templates.steps())
        outbox = tmp_path / "outbox"
        async with open_house(
            database=database,
            composer=composer,
            channel=channel or OutboxChannel(outbox),
            outbox=outbox,
            journeys=journeys,
            settings=settings,
            server=server,
            pace=pace,
            double_opt_in=double_opt_in,
        ) as house:
            customer = Customer(house)
            if known:
                await customer.is_known()
            yield customer
            if recorder:
                await house.settle()
                await recorder.keep(house)

    return open_for
