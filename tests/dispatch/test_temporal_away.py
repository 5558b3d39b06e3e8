"""While Temporal cannot be reached, everything stays and is tried again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from dispatch.connection import connect
from tests.fakes.post import Post
from tests.fakes.wire import wire_to

STORY = ("start", "Product Added", "Email Link Clicked", "Order Completed")


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
                await post.settled()

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
