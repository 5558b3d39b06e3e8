"""A customer in the whole house, in virtual time."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from activities.composing import Composer
from domain.pace import Pace
from sending.channel import Channel
from sending.outbox import OutboxChannel
from store.sessions import Database
from tests.driver.customer import Customer
from tests.driver.house import Server, open_house, time_skipping

OnJourney = Callable[..., AbstractAsyncContextManager[Customer]]


@pytest.fixture
def customer_on(database: Database, composer: Composer, tmp_path: Path) -> OnJourney:
    """`async with customer_on("cart-abandonment") as customer`: known, with consent."""

    @asynccontextmanager
    async def open_for(
        *journeys: str,
        channel: Channel | None = None,
        known: bool = True,
        server: Server = time_skipping,
        pace: Pace = Pace(),  # noqa: B008 - a frozen value
        double_opt_in: bool = False,
        **settings: Any,
    ) -> AsyncIterator[Customer]:
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

    return open_for
