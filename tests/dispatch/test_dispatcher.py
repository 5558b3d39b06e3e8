import asyncio

import pytest

from dispatch.connection import connect
from store.dispatches import Address
from tests.fakes.post import Post

STORY = ("start", "Product Added", "Email Link Clicked", "Order Completed")


class TestWhatWasCommitted:
    async def test_is_told_in_order_and_forgotten(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, *STORY)

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(letters)
            await dispatcher.settle()

            assert await post.told(run) == list(STORY)
            assert await post.waiting() == []

    async def test_is_told_where_the_run_is_said_to_be(self, post: Post) -> None:
        run, other = await post.run(), await post.run()
        letters = await post.letters(run, "start")

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(letters, {run: Address(run, post.workflow(other).id, 1)})
            await dispatcher.settle()

        assert await post.told(other) == ["start"]

    async def test_is_told_in_order_also_when_it_comes_in_pieces(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, *STORY)

        async with post.dispatcher() as dispatcher:
            for letter in letters:
                dispatcher.deliver([letter])
                await asyncio.sleep(0)
            await dispatcher.settle()

        assert await post.told(run) == list(STORY)

    async def test_of_one_run_does_not_wait_for_another(self, post: Post) -> None:
        good, bad = await post.run(), await post.run()
        unsendable = await post.letters(bad, "start")
        unsendable[0].name = "x" * 2_000

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver([*unsendable, *await post.letters(good, *STORY)])
            await dispatcher.settle()

            assert await post.told(good) == list(STORY)
            [left] = await post.waiting()
            assert (left.run_id, left.attempts) == (bad, 1)

    async def test_takes_effect_once_though_it_is_told_twice(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, *STORY)

        for _ in range(2):
            async with post.dispatcher() as dispatcher:
                dispatcher.deliver(letters)
                await dispatcher.settle()

        assert await post.told(run) == list(STORY)

    async def test_takes_effect_once_though_two_processes_tell_it_at_once(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, *STORY)

        async with post.dispatcher() as one, post.dispatcher() as two:
            one.deliver(letters)
            two.deliver(letters)
            await asyncio.gather(one.settle(), two.settle())

        assert await post.told(run) == list(STORY)

    async def test_may_have_the_longest_of_ids(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, "start", "Order Completed")
        letters[1].payload = {"id": "🐭" * 255}

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(letters)
            await dispatcher.settle()

        assert await post.told(run) == ["start", "Order Completed"]

    async def test_can_be_found_in_temporal_by_customer(self, post: Post) -> None:
        run = await post.run(settings_version=7)

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(await post.letters(run, "start"))
            await dispatcher.settle()

        found = await post.workflow(run).describe()
        attributes = {pair.key.name: pair.value for pair in found.typed_search_attributes}
        assert attributes == {"DormouseCustomer": "cus_ada", "DormouseJourneyVersion": "7"}
        assert await found.static_summary() == "cart-abandonment of cus_ada"


class TestARunThatWasTerminated:
    async def test_is_recorded_as_failed_by_the_next_event(self, post: Post) -> None:
        run = await post.run()
        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(await post.letters(run, "start"))
            await dispatcher.settle()
            await post.workflow(run).terminate()

            dispatcher.deliver(await post.letters(run, "Order Completed"))
            await dispatcher.settle()

        found = await post.record(run)
        assert (found.status, found.exit_reason) == ("failed", "terminated")
        assert found.ended_at == post.clock()
        assert await post.waiting() == []

    async def test_stays_as_it_ended_when_it_told_its_end(self, post: Post) -> None:
        run = await post.run(status="ended", exit_reason="purchased")

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(await post.letters(run, "Order Completed"))
            await dispatcher.settle()

        found = await post.record(run)
        assert (found.status, found.exit_reason) == ("ended", "purchased")


class TestARunThatWasNotStartedYet:
    async def test_is_not_taken_for_terminated(self, post: Post) -> None:
        run = await post.run()
        await post.letters(run, "start", owner="other")
        early = await post.letters(run, "Order Completed")

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(early)
            await dispatcher.settle()
            assert (await post.record(run)).status == "waiting"

            post.clock.passes(seconds=16)
            await post.settled()

        assert await post.told(run) == ["start", "Order Completed"]
        assert (await post.record(run)).status == "waiting"


class TestRoom:
    async def test_is_there_for_two_thousand(self, post: Post) -> None:
        letters = await post.letters(await post.run(), "start") * 2_000
        letters[0].name = "x" * 2_000  # cannot be told

        async with post.dispatcher() as dispatcher:
            room = [dispatcher.has_room]
            for some in (letters[:-1], letters[-1:]):
                dispatcher.deliver(some)
                room.append(dispatcher.has_room)
            await dispatcher.settle()

            assert [*room, dispatcher.has_room] == [True, True, False, True]

    async def test_is_waited_for_in_the_database(self, post: Post) -> None:
        full = await post.letters(await post.run(), "start") * 2_000
        waiting = await post.run()
        await post.left_behind(waiting, "start")

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(full)
            await post.settled()

        assert await post.told(waiting) == ["start"]


class TestClosing:
    async def test_finishes_what_is_in_hand(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, *STORY)

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(letters)

        assert await post.told(run) == list(STORY)
        assert await post.waiting() == []
        assert not dispatcher.has_room

    @pytest.mark.timeout(30)
    async def test_does_not_wait_for_ever_when_temporal_is_away(self, post: Post) -> None:
        nowhere = await connect("127.0.0.1:1", lazy=True)
        letters = await post.letters(await post.run(), *STORY)

        async with post.dispatcher(nowhere) as dispatcher:
            dispatcher.deliver(letters)

        assert len(await post.waiting()) == 4
