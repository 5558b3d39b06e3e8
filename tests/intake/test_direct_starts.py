import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.errors import Invalid, NotFound, Refused
from domain.events import CART_UPDATED, Facts
from store import tables
from store.journey_settings import set_paused
from tests.fakes.front_door import FrontDoor

ORDER = Facts(order_id="order-1", product_ids=("mug",))


class TestADirectStart:
    async def test_starts_the_run_and_says_which(self, door: FrontDoor) -> None:
        await door.knows()

        started = await door.starts("win-back", about=Facts(product_ids=("mug",)))

        [run] = await door.all(tables.Run)
        assert (run.id, run.workflow_id) == (started.run_id, started.workflow_id)
        assert started.is_new
        assert (run.journey, run.entered_at) == ("win-back", door.clock())
        assert run.about == {"product_ids": ["mug"]}
        assert [row.kind for row in door.deliverer.delivered] == ["start"]

    async def test_stands_in_the_customers_timeline(self, door: FrontDoor) -> None:
        await door.knows()

        await door.starts("cross-sell", about=ORDER)

        event = (await door.all(tables.Event))[-1]
        assert event.name == "Journey Requested"
        assert event.properties == {"journey": "cross-sell", "order_id": "order-1"}

    async def test_takes_its_own_settings_over_the_journeys(self, door: FrontDoor) -> None:
        await door.knows()

        await door.starts("win-back", settings={"incentive_after": "3 days"})

        [run] = await door.all(tables.Run)
        assert run.settings["incentive_after"] == "3 days"
        assert run.settings["last_mail_after"] == "7 days"
        [row] = await door.all(tables.Dispatch)
        assert row.payload["settings"] == run.settings

    async def test_tells_temporal_nothing_personal(self, door: FrontDoor) -> None:
        await door.knows(firstName="Ada")

        await door.starts("cross-sell", about=ORDER)

        [row] = await door.all(tables.Dispatch)
        assert row.payload.keys() == {"run_id", "customer_id", "entered_at", "about", "settings"}
        assert row.payload["customer_id"].startswith("cus_")

    async def test_runs_once_per_order_where_the_journey_does(self, door: FrontDoor) -> None:
        await door.knows()

        await door.starts("cross-sell", about=ORDER)
        await door.starts("cross-sell", about=Facts(order_id="order-2"))

        assert [run.key for run in await door.all(tables.Run)] == ["order-1", "order-2"]


class TestAnIdempotencyKey:
    async def test_makes_one_run_of_two_requests(self, door: FrontDoor) -> None:
        await door.knows()
        request = {"idempotency_key": "k-1", "request_hash": "same"}

        first = await door.starts("win-back", **request)
        second = await door.starts("win-back", **request)

        assert (second.run_id, second.workflow_id) == (first.run_id, first.workflow_id)
        assert (first.is_new, second.is_new) == (True, False)
        assert len(await door.all(tables.Run)) == 1

    async def test_makes_one_run_of_many_requests_at_once(self, door: FrontDoor) -> None:
        await door.knows()
        request = {"idempotency_key": "k-1", "request_hash": "same"}

        started = await asyncio.gather(*(door.starts("win-back", **request) for _ in range(8)))

        assert len({run.run_id for run in started}) == 1
        assert sum(run.is_new for run in started) == 1

    async def test_answers_with_its_run_even_when_that_is_over(self, door: FrontDoor) -> None:
        await door.knows()
        request = {"idempotency_key": "k-1", "request_hash": "same"}
        first = await door.starts("win-back", **request)
        await door.ends("win-back")

        assert (await door.starts("win-back", **request)).run_id == first.run_id

    async def test_is_refused_for_another_request(self, door: FrontDoor) -> None:
        await door.knows()
        await door.starts("win-back", idempotency_key="k-1", request_hash="one")

        with pytest.raises(Invalid, match="use a fresh one") as refused:
            await door.starts("win-back", idempotency_key="k-1", request_hash="another")

        assert refused.value.field == "Idempotency-Key"

    async def test_of_a_refused_request_can_be_used_again(self, door: FrontDoor) -> None:
        request = {"idempotency_key": "k-1", "request_hash": "same"}
        with pytest.raises(NotFound):
            await door.starts("win-back", **request)

        await door.knows()

        assert (await door.starts("win-back", **request)).is_new


class TestARequestThatIsWrong:
    @pytest.mark.parametrize(
        ("settings", "field"),
        [
            ({"incentive_after": "soon"}, "settings.incentive_after"),
            ({"incentive_after": "9" * 400 + " days"}, "settings.incentive_after"),
            ({"incentive_after": -1}, "settings.incentive_after"),
            ({"incentive": {"kind": "percent", "value": 101}}, "settings.incentive.value"),
            ({"colour": "red"}, "settings.colour"),
        ],
    )
    async def test_is_refused_naming_the_setting(
        self, door: FrontDoor, settings: dict[str, Any], field: str
    ) -> None:
        await door.knows()

        with pytest.raises(Invalid) as refused:
            await door.starts("win-back", settings=settings)

        assert refused.value.field == field

    async def test_is_refused_without_an_order_where_one_is_needed(self, door: FrontDoor) -> None:
        await door.knows()

        with pytest.raises(Invalid, match="order_id") as refused:
            await door.starts("cross-sell")

        assert refused.value.field == "order_id"

    async def test_names_a_journey_that_there_is_not(self, door: FrontDoor) -> None:
        await door.knows()

        with pytest.raises(NotFound, match="there are browse-abandonment, cart-abandonment"):
            await door.starts("win-bakc")

    async def test_names_a_customer_whom_nobody_knows(self, door: FrontDoor) -> None:
        with pytest.raises(NotFound, match="'ada' is known; send an identify call first"):
            await door.starts("win-back")


async def is_paused(door: FrontDoor) -> None:
    await door.knows()
    async with door.database.writing() as session:
        await set_paused(session, "win-back", door.clock())


async def has_no_address(door: FrontDoor) -> None:
    await door.takes(door.identify(marketing_consent=True))


async def has_not_agreed(door: FrontDoor) -> None:
    await door.takes(door.identify(email="ada@example.org", marketing_consent=["sms"]))


async def is_under_way(door: FrontDoor) -> None:
    await door.knows()
    await door.starts("win-back")


async def was_there_just_now(door: FrontDoor) -> None:
    await is_under_way(door)
    await door.ends("win-back")
    door.clock.passes(days=119)


class TestARefusal:
    @pytest.mark.parametrize(
        ("story", "code"),
        [
            (is_paused, "journey-paused"),
            (has_no_address, "no-address"),
            (has_not_agreed, "no-consent"),
            (is_under_way, "already-running"),
            (was_there_just_now, "too-soon"),
        ],
    )
    async def test_says_which_rule_stands_against_it(
        self, door: FrontDoor, story: Callable[[FrontDoor], Awaitable[None]], code: str
    ) -> None:
        await story(door)
        before = await door.all(tables.Run)

        with pytest.raises(Refused) as refused:
            await door.starts("win-back")

        assert refused.value.code == code
        assert len(await door.all(tables.Run)) == len(before)
        assert "Journey Requested" not in (await door.done_by())[len(before) * 2 :]

    async def test_is_over_when_the_time_is(self, door: FrontDoor) -> None:
        await was_there_just_now(door)
        door.clock.passes(days=1)

        assert (await door.starts("win-back")).is_new

    async def test_says_that_an_order_had_its_run(self, door: FrontDoor) -> None:
        await door.knows()
        await door.starts("cross-sell", about=ORDER)
        await door.ends("cross-sell")

        with pytest.raises(Refused) as refused:
            await door.starts("cross-sell", about=ORDER)

        assert refused.value.code == "already-entered"

    async def test_counts_runs_that_events_started(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(CART_UPDATED))

        with pytest.raises(Refused) as refused:
            await door.starts("cart-abandonment")

        assert refused.value.code == "already-running"
