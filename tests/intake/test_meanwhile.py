"""Work that goes on meanwhile has ended before anybody goes on."""

import asyncio

import pytest

from intake.meanwhile import begun, in_turns


class Work:
    """Takes a moment, and says what became of it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def __call__(self) -> str:
        self.told.append("begun")
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.told.append("cancelled")
            raise
        self.told.append("done")
        return "found"


class TestWorkThatWasBegun:
    async def test_goes_on_meanwhile_and_has_its_result_at_the_end(self) -> None:
        work = Work()

        async with begun(work) as found:
            meanwhile = list(work.told)

        assert (meanwhile, work.told, found.result()) == (["begun"], ["begun", "done"], "found")

    async def test_has_ended_before_an_error_goes_on(self) -> None:
        work = Work()

        with pytest.raises(LookupError):
            async with begun(work):
                raise LookupError

        assert work.told == ["begun", "done"]

    @pytest.mark.parametrize("pause", [0, 1], ids=["at its end", "in the block"])
    async def test_is_cancelled_with_whoever_waits_for_it(self, pause: float) -> None:
        work = Work()

        async def wait() -> None:
            async with begun(work):
                await asyncio.sleep(pause)

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.001)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert work.told == ["begun", "cancelled"]

    async def test_that_failed_does_not_keep_whoever_is_cancelled(self) -> None:
        async def wait() -> None:
            async with begun(fail):
                await asyncio.sleep(1)

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.001)
        waiting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def test_that_failed_is_why_the_block_failed(self) -> None:
        with pytest.raises(ZeroDivisionError):
            async with begun(fail):
                raise LookupError


async def fail() -> None:
    """Something goes wrong at once."""
    raise ZeroDivisionError


class TestWorkInTurns:
    async def test_is_done_to_each_and_lets_others_go_on_now_and_then(self) -> None:
        seen: list[int] = []

        def double(number: int) -> int:
            seen.append(number)
            return number * 2

        async with begun(Turns(seen)):
            done = await in_turns(double, range(500))

        assert done == [number * 2 for number in range(500)]
        assert [seen.index(turn) for turn in (-1, -2)] == [200, 401]


class Turns:
    """Notes twice that it came on, among what others note."""

    def __init__(self, noted: list[int]) -> None:
        self._noted = noted

    async def __call__(self) -> None:
        for turn in (-1, -2):
            await asyncio.sleep(0)
            self._noted.append(turn)
