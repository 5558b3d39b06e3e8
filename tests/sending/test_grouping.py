"""Work done together: nobody waits for a group to fill, and all hear the same of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sending.grouping import Grouped


@dataclass
class Doubling:
    """Doubles numbers, a group at a time, when it is let; nothing is no number to it."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    groups: list[list[int]] = field(default_factory=list)

    async def work(self, numbers: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(numbers))
        await self.let.wait()
        if 0 in numbers:
            raise ZeroDivisionError
        return [2 * n for n in numbers]


class TestGroupedWork:
    async def test_begins_at_once_for_who_asks_alone(self) -> None:
        doubling = Doubling()
        doubling.let.set()

        answer = await Grouped(doubling.work).do(1)

        assert (answer, doubling.groups) == (2, [[1]])

    async def test_takes_those_together_who_asked_while_it_was_busy(self) -> None:
        doubling = Doubling()
        grouped = Grouped(doubling.work)
        first = asyncio.create_task(grouped.do(1))
        await asyncio.sleep(0.01)

        later = [asyncio.create_task(grouped.do(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        doubling.let.set()

        assert await asyncio.gather(first, *later) == [2, 4, 6, 8]
        assert doubling.groups == [[1], [2, 3, 4]]

    async def test_takes_no_more_than_it_may(self) -> None:
        doubling = Doubling()
        doubling.let.set()
        grouped = Grouped(doubling.work, at_most=2)

        await asyncio.gather(*(grouped.do(number) for number in (1, 2, 3)))

        assert doubling.groups == [[1, 2], [3]]

    async def test_tells_an_error_to_all_and_goes_on_with_the_next(self) -> None:
        doubling = Doubling()
        doubling.let.set()
        grouped = Grouped(doubling.work)

        stopped = await asyncio.gather(grouped.do(1), grouped.do(0), return_exceptions=True)

        assert [type(error) for error in stopped] == [ZeroDivisionError, ZeroDivisionError]
        assert await grouped.do(2) == 4

    async def test_is_done_for_a_caller_who_was_cancelled_and_hurts_no_other(self) -> None:
        doubling = Doubling()
        grouped = Grouped(doubling.work)
        gone, stays = (asyncio.create_task(grouped.do(number)) for number in (1, 2))
        await asyncio.sleep(0.01)

        gone.cancel()
        await asyncio.sleep(0)
        doubling.let.set()

        assert await stays == 4
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert doubling.groups == [[1, 2]]
