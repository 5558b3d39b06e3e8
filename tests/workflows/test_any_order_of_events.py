"""Whatever happens, in whatever order: the promises about mail that no shop may see broken.

1. No step leaves after an event that ends its part of the story was accepted: no reminder follows
   a purchase.
2. No step's mail leaves twice.
3. No marketing mail leaves before somebody agreed (with double opt-in: confirmed) or after they
   took it back.

They hold for every journey of the catalogue; what ends which steps is read from the stories.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activities.composing import Composer
from domain.events import (
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    PAGE_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    SUBSCRIBED,
    SUBSCRIPTION_REQUESTED,
    VOIDING,
    Event,
    EventName,
)
from domain.facts import facts_of
from domain.messages import MessageKind
from domain.opt_in import Confirmation
from domain.routing import is_about
from domain.rules import JourneyRules
from runtime.listing import name_of
from runtime.reading import steps_ended_by
from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater, Unknown
from store.runs import active_run
from tests.driver.customer import Customer
from tests.driver.house import open_house
from tests.migrated_file import MigratedFile
from workflows.catalogue import CATALOGUE, JOURNEYS

STORIES = {name_of(journey): journey for journey in JOURNEYS}
#: What only Dormouse says; here it follows from what somebody wants.
OURS = {SUBSCRIBED, SUBSCRIPTION_REQUESTED}
NOISE = {PRODUCT_VIEWED, PRODUCT_ADDED, PAGE_VIEWED, EMAIL_LINK_CLICKED, ORDER_COMPLETED}


class Crash(Exception):
    """The worker dies while the provider is being called."""


class Wish(Enum):
    """What somebody wants of us."""

    TO_BE_WRITTEN_TO = "agrees"
    TO_BE_LEFT_ALONE = "leaves"
    TO_CONFIRM = "confirms"


@dataclass(frozen=True)
class Left:
    """A mail that left."""

    run_id: str
    step: str
    is_marketing: bool


@dataclass(frozen=True)
class Silence:
    """From here on these steps of a run must not leave."""

    run_id: str
    steps: frozenset[str]


@dataclass(frozen=True)
class Permission:
    """From here on marketing is allowed, or not."""

    is_given: bool


@dataclass
class Weather:
    """A provider in changing weather, and a log of what left when."""

    composer: Composer
    answers: list[Receipt | str]
    log: list[Left | Silence | Permission] = field(default_factory=list)
    name: str = "weather"
    repeats_are_safe: bool = False

    async def send(self, mail: Mail) -> Receipt:
        answer = self.answers.pop(0) if self.answers else Accepted("p")
        if answer == "crash before":
            raise Crash
        if isinstance(answer, Accepted | Unknown) or answer == "crash after":
            told = mail.metadata
            kind = self.composer.templates.kind_of(told["journey"], told["step"])
            self.log.append(Left(told["run_id"], told["step"], kind is MessageKind.MARKETING))
        if isinstance(answer, str):
            raise Crash
        return answer

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Does:
    event: EventName
    product: str
    order: str
    ago: int
    twice: bool


@dataclass(frozen=True)
class Passes:
    minutes: int


Deed = Does | Passes | Wish

passing = st.builds(Passes, minutes=st.sampled_from([1, 20, 61, 180, 1_441, 4_400, 15_000]))
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


def deeds(rules: JourneyRules) -> st.SearchStrategy[list[Deed]]:
    """What may happen around a journey: its own events above all, in any order."""
    own = {*rules.entry.on, *rules.listens} - OURS
    does = st.builds(
        Does,
        event=st.sampled_from(sorted(own) * 3 + sorted(NOISE)),
        product=st.sampled_from(["tent", "lamp"]),
        order=st.sampled_from(["o1", "o2"]),
        ago=st.sampled_from([0, 0, 0, 1, 30, 200, 2_000]),
        twice=st.booleans(),
    )
    return st.lists(does | passing | st.sampled_from(Wish), min_size=4, max_size=10)


every_journey = pytest.mark.parametrize("journey", CATALOGUE)
#: A story is short enough to read as it is; making it shorter would take minutes.
few = settings(
    max_examples=3,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class TestAnyOrderOfEvents:
    @every_journey
    @given(data=st.data(), weather=answers, opt_in=st.sampled_from(["off", "on"]))
    @few
    def test_breaks_no_promise_about_mail(
        self,
        journey: str,
        data: st.DataObject,
        weather: list[Receipt | str],
        opt_in: str,
        composer: Composer,
        one_file: MigratedFile,
    ) -> None:
        story = data.draw(deeds(CATALOGUE[journey]))
        provider = Weather(composer, list(weather))

        asyncio.run(live(journey, story, provider, one_file, double_opt_in=opt_in == "on"))

        mails = [(one.run_id, one.step) for one in provider.log if isinstance(one, Left)]
        once = [mail for mail in mails if mail[1] != "confirm"]  # asked for again and again
        assert [mail for mail, times in Counter(once).items() if times > 1] == []
        assert broken_promises(provider.log) == []


def broken_promises(log: list[Left | Silence | Permission]) -> list[Left]:
    silent: set[tuple[str, str]] = set()
    broken, is_allowed = [], True
    for one in log:
        match one:
            case Silence(run_id, steps):
                silent |= {(run_id, step) for step in steps}
            case Permission(is_given):
                is_allowed = is_given
            case Left(run_id, step, is_marketing):
                if (run_id, step) in silent or (is_marketing and not is_allowed):
                    broken.append(one)
    return broken


async def live(
    journey: str, story: list[Deed], weather: Weather, file: MigratedFile, *, double_opt_in: bool
) -> None:
    """Live a story; the provider's log tells what left, and from where on what must not."""
    async with (
        file.emptied() as database,
        open_house(
            database=database,
            composer=weather.composer,
            channel=weather,
            outbox=file.path.parent,
            journeys=(journey, "double-opt-in"),
            double_opt_in=double_opt_in,
        ) as house,
    ):
        weather.log.append(Permission(is_given=not double_opt_in))
        customer = Customer(house)
        await customer.is_known()
        for number, deed in enumerate(story):
            await do(customer, deed, f"e{number}", weather, double_opt_in=double_opt_in)
        await customer.lets_pass(days=40)


async def do(
    customer: Customer, deed: Deed, event_id: str, weather: Weather, *, double_opt_in: bool
) -> None:
    match deed:
        case Passes(minutes):
            await customer.lets_pass(minutes=minutes)
        case Does():
            await note_silence(customer, deed, event_id, weather)
            for _ in range(1 + deed.twice):
                await happens(customer, deed, event_id)
        case Wish():
            await fulfil(customer, deed, weather, double_opt_in=double_opt_in)


async def fulfil(customer: Customer, wish: Wish, weather: Weather, *, double_opt_in: bool) -> None:
    if wish is Wish.TO_CONFIRM:
        await confirm(customer, weather)
    elif wish is Wish.TO_BE_LEFT_ALONE:
        weather.log.append(Permission(is_given=False))
        await customer.leaves()
    else:
        if not double_opt_in:
            weather.log.append(Permission(is_given=True))
        await customer.agrees()


async def confirm(customer: Customer, weather: Weather) -> None:
    if not [mail for mail in await customer.messages("accepted") if mail.step == "confirm"]:
        return
    place = len(weather.log)
    if await customer.confirms() is Confirmation.CONFIRMED:
        weather.log.insert(place, Permission(is_given=True))


def properties_of(deed: Does) -> dict[str, object]:
    if deed.event in VOIDING:
        return {"order_id": deed.order}  # as a whole: a part of an order silences nothing
    about = {"product_id": deed.product, "dwell_seconds": 90, "rating": 2}
    return about | ({"order_id": deed.order} if deed.event.startswith("Order") else {})


async def happens(customer: Customer, deed: Does, event_id: str) -> None:
    await customer.does(
        deed.event, ago=timedelta(minutes=deed.ago), event_id=event_id, **properties_of(deed)
    )


async def note_silence(customer: Customer, deed: Does, event_id: str, weather: Weather) -> None:
    """From this event on, what it ends must not leave: of runs under way when it happened."""
    now = await customer.house.clock.look()
    at = now - timedelta(minutes=deed.ago)
    event = Event(event_id, deed.event, at, now, facts=facts_of(properties_of(deed)))
    for run in await customer.house.runs():
        about = replace(active_run(run), started_by=run.started_by or "")
        if run.entered_at < at and is_about(event, about):
            steps = steps_ended_by(STORIES[run.journey], deed.event)
            weather.log.append(Silence(run.id, frozenset(steps)))
