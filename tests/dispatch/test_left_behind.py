"""What nobody has in hand any more is told all the same, once."""

import asyncio

from store.dispatches import lease_overdue, renew
from tests.fakes.post import Post

STORY = ("start", "Product Added", "Email Link Clicked", "Order Completed")


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
            await post.settled()

        assert await post.told(run) == list(STORY)

    async def test_is_swept_up_though_it_is_much(self, post: Post) -> None:
        for _ in range(200):
            await post.left_behind(await post.run(), "start")

        async with post.dispatcher():
            await post.settled(within=15)

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
            await post.settled()

        assert await post.told(run) == list(STORY)

    async def test_waits_for_what_was_before_it_and_is_in_other_hands(self, post: Post) -> None:
        run = await post.run()
        await post.letters(run, "start", owner="other")
        await post.left_behind(run, "Order Completed")

        async with post.dispatcher():
            await asyncio.sleep(1.5)
            assert len(await post.waiting()) == 2

            post.clock.passes(seconds=16)
            await post.settled()

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
