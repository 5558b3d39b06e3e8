"""Whatever happens, in whatever order: the two promises about mail that no shop may see broken.

1. No marketing mail leaves after the purchase that ends its journey was accepted.
2. No step's mail leaves twice.
"""

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activities.composing import Composer
from domain.events import (
    CART_UPDATED,
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    PAGE_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_REMOVED,
    PRODUCT_VIEWED,
    EventName,
)
from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater, Unknown
from store.migrations.run import migrate
from store.sessions import Database
from tests.driver.customer import Customer
from tests.driver.house import open_house

#: What answers a purchase: written because of it, not in spite of it.
ANSWERS = {"thank-you", "welcome-back", "how-do-you-like-it"}
#: The journeys that a purchase ends.
ENDED_BY_PURCHASE = ("browse-abandonment", "cart-abandonment", "win-back")


class Crash(Exception):
    """The worker dies while the provider is being called."""


@dataclass
class Weather:
    """A provider in changing weather, and a log of what left when."""

    answers: list[Receipt | str]
    log: list[tuple[str, str, str]] = field(default_factory=list)
    name: str = "weather"
    repeats_are_safe: bool = False

    async def send(self, mail: Mail) -> Receipt:
        answer = self.answers.pop(0) if self.answers else Accepted("p")
        if answer == "crash before":
            raise Crash
        if isinstance(answer, Accepted | Unknown) or answer == "crash after":
            self.log.append(("mail", mail.metadata["run_id"], mail.metadata["step"]))
        if isinstance(answer, str):
            raise Crash
        return answer

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Does:
    event: EventName
    product: str
    ago: int
    twice: bool


@dataclass(frozen=True)
class Passes:
    minutes: int


doings = st.builds(
    Does,
    event=st.sampled_from(
        [
            PRODUCT_VIEWED,
            PRODUCT_VIEWED,
            PRODUCT_ADDED,
            PRODUCT_ADDED,
            PRODUCT_REMOVED,
            CART_UPDATED,
            PAGE_VIEWED,
            EMAIL_LINK_CLICKED,
            ORDER_COMPLETED,
            ORDER_COMPLETED,
        ]
    ),
    product=st.sampled_from(["tent", "lamp"]),
    ago=st.sampled_from([0, 0, 0, 1, 30, 200, 2_000]),
    twice=st.booleans(),
)
passing = st.builds(Passes, minutes=st.sampled_from([1, 20, 61, 180, 1_441, 4_400]))
answers = st.lists(
    st.sampled_from(
        [
            Accepted("p"),
            TryLater("503"),
            Unknown("read time-out"),
            Rejected("550"),
            "crash before",
            "crash after",
        ]
    ),
    max_size=6,
)


class TestAnyOrderOfEvents:
    @given(story=st.lists(doings | passing, min_size=3, max_size=10), weather=answers)
    @settings(
        max_examples=20,
        deadline=None,
        # A story is short enough to read as it is; making it shorter would take minutes.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_sends_no_reminder_after_the_purchase_and_no_mail_twice(
        self,
        story: list[Does | Passes],
        weather: list[Receipt | str],
        composer: Composer,
        migrated: Path,
    ) -> None:
        log, ended_runs = asyncio.run(live(story, Weather(list(weather)), composer, migrated))

        assert [mail for mail, times in Counter(log).items() if times > 1] == []
        for position, (kind, run_id, step) in enumerate(log):
            purchase = ended_runs.get(run_id)
            if kind == "mail" and purchase is not None and position >= purchase:
                assert step in ANSWERS


async def live(
    story: list[Does | Passes], weather: Weather, composer: Composer, migrated: Path
) -> tuple[list[tuple[str, str, str]], dict[str, int]]:
    """Live a story; what left in order, and from where in this log on each run was to be silent."""
    with TemporaryDirectory() as folder:
        if not migrated.exists():
            await migrate(f"sqlite:///{migrated}")
        shutil.copy(migrated, Path(folder) / "dormouse.db")
        database = Database.open(f"sqlite:///{folder}/dormouse.db")
        silent_from: dict[str, int] = {}
        async with open_house(
            database=database,
            composer=composer,
            channel=weather,
            outbox=Path(folder),
            journeys=ENDED_BY_PURCHASE,
        ) as house:
            customer = Customer(house)
            await customer.is_known()
            for number, deed in enumerate(story):
                await do(customer, deed, number)
                if isinstance(deed, Does) and deed.event == ORDER_COMPLETED:
                    await note_silence(customer, deed, weather, silent_from)
            await customer.lets_pass(days=12)
        await database.close()
        return weather.log, silent_from


async def do(customer: Customer, deed: Does | Passes, number: int) -> None:
    if isinstance(deed, Passes):
        await customer.lets_pass(minutes=deed.minutes)
        return
    for _ in range(1 + deed.twice):
        await customer.does(
            deed.event,
            ago=timedelta(minutes=deed.ago),
            event_id=f"e{number}",
            product_id=deed.product,
            **({"order_id": f"o{number}"} if deed.event == ORDER_COMPLETED else {}),
        )


async def note_silence(
    customer: Customer, deed: Does, weather: Weather, silent_from: dict[str, int]
) -> None:
    """From this purchase on, the runs that were under way when it happened must not remind."""
    happened_at = await customer.house.clock.look() - timedelta(minutes=deed.ago)
    for run in await customer.house.runs():
        if run.entered_at < happened_at:
            silent_from.setdefault(run.id, len(weather.log))
