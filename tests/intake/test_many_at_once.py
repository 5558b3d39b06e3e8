"""Many calls at once, whose messages share a transaction."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from domain.events import CART_UPDATED
from store import tables
from tests.fakes.front_door import UNSTORABLE, FrontDoor


class TestManyCallsAtOnce:
    async def test_are_all_taken(self, door: FrontDoor) -> None:
        carts = [door.track(CART_UPDATED, user=f"user-{n}") for n in range(100)]
        calls = [
            [door.track(f"Round {call}", user=f"user-{n}") for n in range(100)] for call in range(8)
        ]
        await asyncio.gather(*(door.knows(f"user-{n}") for n in range(100)))

        await asyncio.gather(door.takes(*carts), *(door.takes(*call) for call in calls))

        assert len(await door.all(tables.Event)) == 100 + 100 + 800
        assert await door.started() == ["cart-abandonment"] * 100

    async def test_may_know_people_by_names_that_only_the_house_joins(
        self, door: FrontDoor
    ) -> None:
        for n in range(20):
            await door.takes(door.track("Signed In", user=f"user-{n}", browser=f"b-{n}"))
        as_user = [door.track("Ordered", user=f"user-{n % 20}") for n in range(400)]
        as_visitor = [door.track("Looked", user=None, browser=f"b-{n % 20}") for n in range(400)]

        await asyncio.gather(door.takes(*as_user), door.takes(*as_visitor))

        done = await door.done_by("user-7")
        assert (done.count("Ordered"), done.count("Looked")) == (20, 20)
        assert len(await door.all(tables.Customer)) == 20

    async def test_go_on_together_though_they_come_one_after_the_other(
        self, door: FrontDoor, asked: list[str]
    ) -> None:
        async def calls(caller: int) -> None:
            for _ in range(5):
                for _ in range(caller):
                    await asyncio.sleep(0)
                await door.takes(door.track("Looked", user=f"user-{caller}"))

        await asyncio.gather(*(calls(caller) for caller in range(8)))

        transactions = [words for words in asked if "FROM journey_settings" in words]
        assert len(transactions) <= 6  # the first call of all may have gone alone

    async def test_lose_nothing_to_the_one_that_is_poisonous(self, door: FrontDoor) -> None:
        calls = [
            [door.track(f"Round {call}", user=f"user-{n}") for n in range(100)] for call in range(8)
        ]
        calls[3].append(door.track(UNSTORABLE))

        answers = await asyncio.gather(
            *(door.takes(*call) for call in calls), return_exceptions=True
        )

        assert [answer is None for answer in answers] == [n != 3 for n in range(8)]
        done = await door.done_by("user-42")
        assert set(done) - {"Round 3"} == {f"Round {n}" for n in range(8) if n != 3}
        assert len(done) == len(set(done))

    async def test_are_kept_as_a_whole_or_not_at_all(self, door: FrontDoor) -> None:
        sent = [door.track("Sent", user=f"user-{n}") for n in range(700)]

        [answer] = await asyncio.gather(
            door.takes(*sent, door.track(UNSTORABLE)), return_exceptions=True
        )

        assert answer is not None
        assert await door.all(tables.Event) == []


class TestVisitors:
    async def test_who_are_new_are_written_once(self, door: FrontDoor, asked: list[str]) -> None:
        looks = [door.track("Product Viewed", user=None, browser=f"b-{n}") for n in range(3)]

        await door.takes(*looks, *looks[:1])

        assert [words.split()[0] for words in asked if "customer SET" in words] == []
        seen = {visitor.last_active_at for visitor in await door.all(tables.Customer)}
        assert seen == {looks[0].happened_at}

    async def test_who_come_again_later_are_noted(self, door: FrontDoor) -> None:
        look = door.track("Product Viewed", user=None, browser="b-1")
        later = look.happened_at + timedelta(minutes=5)
        await door.takes(look)

        await door.takes(replace(look, message_id="again", happened_at=later))

        [visitor] = await door.all(tables.Customer)
        assert visitor.last_active_at == later
