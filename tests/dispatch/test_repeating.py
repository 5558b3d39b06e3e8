import asyncio

import pytest

from dispatch.repeating import Repeating
from domain.errors import Unavailable


class Work:
    """Fails so often, then succeeds; counts its tries."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.tries = 0
        self.is_done = asyncio.Event()

    async def __call__(self) -> None:
        self.tries += 1
        if self._failures:
            raise self._failures.pop(0)
        self.is_done.set()


class TestRepeatedWork:
    async def test_is_done_again_and_again(self) -> None:
        work = Work()

        async with Repeating("work", work, every=0.01), asyncio.timeout(5):
            while work.tries < 3:
                await asyncio.sleep(0.01)

        assert work.tries >= 3

    @pytest.mark.parametrize("failure", [Unavailable("Gone."), TimeoutError(), KeyError("a bug")])
    async def test_is_tried_again_whatever_went_wrong(self, failure: Exception) -> None:
        work = Work(failure, failure)

        async with Repeating("work", work, every=0.01), asyncio.timeout(5):
            await work.is_done.wait()

        assert work.tries >= 3

    async def test_ends_at_once_when_it_is_closed(self) -> None:
        work = Work()

        async with asyncio.timeout(5), Repeating("work", work, every=3_600):
            await work.is_done.wait()

        assert work.tries == 1
