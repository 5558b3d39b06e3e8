import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from dispatch.connection import connect
from store.dispatches import lease_overdue, renew
from tests.fakes.post import Post
from tests.fakes.wire import wire_to

STORY = ("start", "Product Added", "Email Link Clicked", "Order Completed")


async def settled(post: Post, *, within: float = 20) -> None:
    """Return when nothing waits to be told any more."""
    async with asyncio.timeout(within):
        while await post.waiting():
            await asyncio.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is written and read here must be the same with both."""
    return str(request.param)


class TestWhatWasCommitted:
    async def test_is_told_in_order_and_forgotten(self, post: Post) -> None:
        run = await post.run()
        letters = await post.letters(run, *STORY)

        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(letters)
            await dispatcher.settle()

            assert await post.told(run) == list(STORY)
            assert await post.waiting() == []

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


class TestWhatIsStillInHandAtTheEnd:
    async def test_is_free_for_others_at_once(self, post: Post) -> None:
        run = await post.run()

        async with post.dispatcher() as dispatcher:
            await post.letters(run, "start", owner=dispatcher.owner)

        [letter] = await post.waiting()
        assert letter.owner is None
        assert letter.leased_until == post.clock()


class TestWhatIsLeftBehind:
    async def test_is_swept_up(self, post: Post) -> None:
        run = await post.run()
        await post.left_behind(run, *STORY)

        async with post.dispatcher():
            await settled(post)

        assert await post.told(run) == list(STORY)

    async def test_is_swept_up_though_it_is_much(self, post: Post) -> None:
        for _ in range(200):
            await post.left_behind(await post.run(), "start")

        async with post.dispatcher():
            await settled(post, within=15)

        assert all([await post.told(run) == ["start"] for run in post.runs])

    async def test_by_a_crash_is_taken_over_when_its_lease_is_over_and_not_before(
        self, post: Post
    ) -> None:
        run = await post.run()
        await post.letters(run, *STORY, owner="crashed")

        async with post.dispatcher():
            await asyncio.sleep(1.5)
            assert [row.owner for row in await post.waiting()] == ["crashed"] * 4

            post.clock.passes(seconds=16)
            await settled(post)

        assert await post.told(run) == list(STORY)

    async def test_waits_for_what_was_before_it_and_is_in_other_hands(self, post: Post) -> None:
        run = await post.run()
        await post.letters(run, "start", owner="other")
        await post.left_behind(run, "Order Completed")

        async with post.dispatcher():
            await asyncio.sleep(1.5)
            assert len(await post.waiting()) == 2

            post.clock.passes(seconds=16)
            await settled(post)

        assert await post.told(run) == ["start", "Order Completed"]

    async def test_is_leased_to_one_of_two(self, post: Post) -> None:
        await post.left_behind(await post.run(), *STORY)
        now = post.clock()

        async with post.database.writing() as session:
            one = await lease_overdue(session, owner="one", now=now, limit=9)
        async with post.database.writing() as session:
            two = await lease_overdue(session, owner="two", now=now, limit=9)

        assert ([row.name for row in one[1:]], two) == (list(STORY[1:]), [])

    async def test_stays_in_the_hands_of_who_renews_the_lease(self, post: Post) -> None:
        run = await post.run()
        await post.letters(run, "start", owner="one")

        post.clock.passes(seconds=10)
        async with post.database.writing() as session:
            await renew(session, [run], owner="one", now=post.clock())
        post.clock.passes(seconds=10)

        async with post.database.writing() as session:
            two = await lease_overdue(session, owner="two", now=post.clock(), limit=9)
        assert two == []


@asynccontextmanager
async def somebody_who_never_answers() -> AsyncIterator[str]:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"


class TestWhenTemporalIsAway:
    async def test_everything_stays_and_is_caught_up_with_when_it_is_back(
        self, post: Post, temporal: str
    ) -> None:
        runs = [await post.run() for _ in range(5)]
        async with wire_to(temporal) as wire:
            client = await connect(wire.address)
            await wire.cut()
            async with post.dispatcher(client) as dispatcher:
                for run in runs:
                    dispatcher.deliver(await post.letters(run, *STORY))
                await dispatcher.settle()
                assert len(await post.waiting()) == 20

                await wire.mend()
                post.clock.passes(seconds=31)
                await settled(post)

        for run in runs:
            assert await post.told(run) == list(STORY)

    @pytest.mark.parametrize("dialect", ["sqlite"])  # it waits ten seconds for its end
    async def test_what_is_being_told_is_held_on_to(self, post: Post) -> None:
        run, soon = await post.run(), timedelta(seconds=1)
        async with somebody_who_never_answers() as address:
            deaf = await connect(address, lazy=True)

            async with post.dispatcher(deaf) as dispatcher:
                owner = dispatcher.owner
                dispatcher.deliver(await post.letters(run, "start", owner=owner, lease=soon))
                await asyncio.sleep(4.5)
                [held] = await post.waiting()

        assert held.leased_until == post.clock() + timedelta(seconds=15)

    async def test_the_pause_grows_with_every_try(self, post: Post) -> None:
        nowhere = await connect("127.0.0.1:1", lazy=True)
        [letter] = await post.letters(await post.run(), "start")

        pauses = []
        async with post.dispatcher(nowhere) as dispatcher:
            for attempts in (0, 1, 2, 9):
                letter.attempts = attempts
                dispatcher.deliver([letter])
                await dispatcher.settle()
                [left] = await post.waiting()
                pauses.append(left.leased_until - post.clock())

        assert pauses == [timedelta(seconds=seconds) for seconds in (1, 2, 4, 30)]
        assert (left.attempts, left.owner) == (4, None)
        assert left.last_error


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
            await settled(post)

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
            await settled(post)

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
