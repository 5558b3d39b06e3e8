"""Whatever becomes of an order, in whatever order it is told: nobody is asked about what they gave
back, from the moment on at which that was accepted.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from activities.composing import Composer
from activities.sending import SendActivities
from domain.events import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    VOIDING,
    EventName,
)
from domain.messages import StepRequest, StepStatus
from domain.pace import Pace
from store import tables
from tests.fakes.front_door import FrontDoor, open_front_door
from tests.fakes.goods import goods
from tests.fakes.postbox import Postbox
from tests.migrated_file import MigratedFile

PRODUCTS = ("tent", "lamp", "pegs")


@dataclass(frozen=True)
class Told:
    """Something that the shop tells of the order."""

    event: EventName
    products: tuple[str, ...]
    minutes_ago: int


told = st.builds(
    Told,
    event=st.sampled_from(
        [ORDER_COMPLETED, ORDER_DELIVERED, ORDER_UPDATED, ORDER_REFUNDED, ORDER_CANCELLED]
    ),
    products=st.lists(st.sampled_from(PRODUCTS), max_size=3, unique=True).map(tuple),
    minutes_ago=st.sampled_from([0, 0, 1, 5]),
)
#: Begins with an order and its delivery more often than chance would have it.
stories = st.lists(told, max_size=5) | st.lists(told, max_size=4).map(
    lambda rest: [
        Told(ORDER_COMPLETED, PRODUCTS, 5),
        Told(ORDER_DELIVERED, (), 1),
        *(one for one in rest if one.event != ORDER_CANCELLED),
    ]
)


@dataclass
class Asking:
    """After each thing told, the request for a review is made anew, in a fresh step."""

    door: FrontDoor
    composer: Composer
    given_back: set[str] = field(default_factory=set)
    is_void: bool = False
    asked_about: list[tuple[str, ...]] = field(default_factory=list)
    #: What nothing was left of, or something was given back of.
    asked_in_vain: list[tuple[str, ...]] = field(default_factory=list)

    async def lives(self, story: list[Told]) -> None:
        for number, one in enumerate(story):
            await self.hears(one)
            for run in await self.door.all(tables.Run):
                if run.journey == "review-request":
                    await self.asks(run.id, number)

    async def hears(self, one: Told) -> None:
        about: dict[str, object] = {"order_id": "o1"}
        if one.products:
            about["products"] = [{"product_id": name} for name in one.products]
        ago = timedelta(minutes=one.minutes_ago)
        await self.door.takes(self.door.track(one.event, ago=ago, about=about))
        if one.event == ORDER_REFUNDED:
            self.given_back |= set(one.products)
        is_all = one.event == ORDER_REFUNDED and not one.products
        self.is_void = self.is_void or is_all or one.event == ORDER_CANCELLED

    async def asks(self, run_id: str, occurrence: int) -> None:
        activities = SendActivities(
            database=self.door.database,
            composer=self.composer,
            channel=Postbox(),
            pace=Pace(),
            now=self.door.clock,
        )
        request = StepRequest(
            run_id=run_id,
            step="how-was-it",
            occurrence=occurrence,
            ends_on=VOIDING,
            asked_at=self.door.clock(),
        )
        outcome = await ActivityEnvironment().run(activities.send_message, request)
        if outcome.status is StepStatus.SENT:
            self.asked_about.append(outcome.shown)
            if self.is_void or self.given_back.intersection(outcome.shown):
                self.asked_in_vain.append(outcome.shown)


async def live(story: list[Told], composer: Composer, file: MigratedFile) -> Asking:
    async with file.emptied() as database, open_front_door(database) as door:
        await door.sells(*map(goods, PRODUCTS))
        await door.knows()
        asking = Asking(door, composer)
        await asking.lives(story)
    return asking


class TestAnyOrderOfRefunds:
    @given(story=stories)
    @settings(
        max_examples=25,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_asks_nobody_about_what_they_gave_back(
        self, story: list[Told], composer: Composer, one_file: MigratedFile
    ) -> None:
        asking = asyncio.run(live(story, composer, one_file))

        assert asking.asked_in_vain == []

    def test_asks_about_the_rest(self, composer: Composer, one_file: MigratedFile) -> None:
        story = [
            Told(ORDER_COMPLETED, ("tent", "lamp"), 0),
            Told(ORDER_DELIVERED, (), 0),
            Told(ORDER_REFUNDED, ("tent",), 5),
            Told(ORDER_REFUNDED, ("lamp",), 1),
        ]

        asking = asyncio.run(live(story, composer, one_file))

        assert asking.asked_about == [("lamp", "tent"), ("lamp",)]
