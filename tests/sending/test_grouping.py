"""Work done together: nobody waits for a group to fill, and nobody pays for another's error."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from domain.errors import Unavailable
from sending.grouping import Grouped


@dataclass
class Doubling:
    """Doubles numbers, a group at a time; not with 0 among them, and 13 only by itself."""

    #: Until then a group takes.
    is_let: asyncio.Event = field(default_factory=asyncio.Event)
    groups: list[list[int]] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    is_away: bool = False

    def grouped(self, *, at_most: int = 32, apart: float = 0) -> Grouped[int, int]:
        return Grouped(self.double_all, alone=self.double, at_most=at_most, apart=apart)

    async def double_all(self, numbers: Sequence[int]) -> Sequence[int | None]:
        self.groups.append(list(numbers))
        await self.is_let.wait()
        if self.is_away:
            raise Unavailable("Nobody doubles now.")
        if 0 in numbers:
            raise ZeroDivisionError
        return [None if number == 13 else 2 * number for number in numbers]

    async def double(self, number: int) -> int:
        self.alone.append(number)
        if number == 0:
            raise ZeroDivisionError
        return 2 * number


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


async def all_of(grouped: Grouped[int, int], *numbers: int) -> list[int | BaseException]:
    return await asyncio.gather(*(grouped.do(n) for n in numbers), return_exceptions=True)


class TestGroupedWork:
    async def test_begins_at_once_for_who_asks_alone(self, doubling: Doubling) -> None:
        doubling.is_let.set()

        answer = await doubling.grouped().do(1)

        assert (answer, doubling.groups) == (2, [[1]])

    async def test_takes_those_together_who_asked_while_it_was_busy(
        self, doubling: Doubling
    ) -> None:
        grouped = doubling.grouped()
        first = asyncio.create_task(grouped.do(1))
        await asyncio.sleep(0.01)

        later = [asyncio.create_task(grouped.do(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        doubling.is_let.set()

        assert await asyncio.gather(first, *later) == [2, 4, 6, 8]
        assert doubling.groups == [[1], [2, 3, 4]]

    async def test_takes_no_more_than_it_may(self, doubling: Doubling) -> None:
        doubling.is_let.set()

        await all_of(doubling.grouped(at_most=2), 1, 2, 3)

        assert doubling.groups == [[1, 2], [3]]

    async def test_does_by_itself_what_does_not_go_together(self, doubling: Doubling) -> None:
        doubling.is_let.set()

        assert await all_of(doubling.grouped(), 1, 13, 2) == [2, 26, 4]
        assert doubling.alone == [13]

    async def test_raises_an_error_for_the_one_alone_whose_it_is(self, doubling: Doubling) -> None:
        doubling.is_let.set()

        one, none, two = await all_of(doubling.grouped(), 1, 0, 2)

        assert (one, two) == (2, 4)
        assert isinstance(none, ZeroDivisionError)

    async def test_is_away_for_all_of_a_group_and_there_for_the_next(
        self, doubling: Doubling
    ) -> None:
        grouped = doubling.grouped()
        doubling.is_let.set()
        doubling.is_away = True

        told = await all_of(grouped, 1, 2)
        doubling.is_away = False

        assert [str(error) for error in told] == ["Nobody doubles now."] * 2
        assert await grouped.do(3) == 6
        assert doubling.alone == []

    async def test_hurts_nobody_when_a_caller_is_cancelled(self, doubling: Doubling) -> None:
        grouped = doubling.grouped()
        gone, stays = (asyncio.create_task(grouped.do(number)) for number in (1, 2))
        await asyncio.sleep(0.01)

        gone.cancel()
        await asyncio.sleep(0)
        doubling.is_let.set()

        assert await stays == 4
        with pytest.raises(asyncio.CancelledError):
            await gone


class TestGroupsThatAreApart:
    async def test_begin_at_once_for_who_asks_alone(self, doubling: Doubling) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(apart=60)

        async with asyncio.timeout(5):
            await grouped.do(1)
            await asyncio.sleep(0.05)
            await grouped.do(2)

        assert doubling.groups == [[1], [2]]

    async def test_wait_for_more_to_come_where_one_was_answered_just_now(
        self, doubling: Doubling
    ) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(apart=0.1)
        await grouped.do(1)

        second = asyncio.create_task(grouped.do(2))
        await asyncio.sleep(0.03)
        third = asyncio.create_task(grouped.do(3))

        assert (await second, await third) == (4, 6)
        assert doubling.groups == [[1], [2, 3]]

    async def test_wait_for_more_to_come_where_several_came_last_time(
        self, doubling: Doubling
    ) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(apart=0.3)
        await all_of(grouped, 1, 2)
        await asyncio.sleep(0.1)

        third = asyncio.create_task(grouped.do(3))
        await asyncio.sleep(0.1)
        fourth = asyncio.create_task(grouped.do(4))

        assert (await third, await fourth) == (6, 8)
        assert doubling.groups == [[1, 2], [3, 4]]

    async def test_wait_no_longer_than_they_are_to_be_apart(self, doubling: Doubling) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(apart=0.1)
        await all_of(grouped, 1, 2)
        await asyncio.sleep(0.15)
        began = asyncio.get_running_loop().time()

        await grouped.do(3)

        assert asyncio.get_running_loop().time() - began < 0.05

    async def test_wait_for_no_more_once_they_are_full(self, doubling: Doubling) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(at_most=2, apart=60)
        await grouped.do(1)

        async with asyncio.timeout(5):
            await all_of(grouped, 2, 3)

        assert doubling.groups == [[1], [2, 3]]

    async def test_wait_for_nobody_who_is_a_full_group_already(self, doubling: Doubling) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(at_most=2, apart=60)

        async with asyncio.timeout(5):
            await all_of(grouped, 1, 2, 3, 4)

        assert doubling.groups == [[1, 2], [3, 4]]

    async def test_wait_again_after_one_that_was_full(self, doubling: Doubling) -> None:
        doubling.is_let.set()
        grouped = doubling.grouped(at_most=2, apart=0.1)
        await all_of(grouped, 1, 2)

        third = asyncio.create_task(grouped.do(3))
        await asyncio.sleep(0.03)
        fourth = asyncio.create_task(grouped.do(4))

        assert (await third, await fourth) == (6, 8)
        assert doubling.groups == [[1, 2], [3, 4]]


class TestAnErrorOfAll:
    async def test_may_be_told_apart_by_more_than_its_type(self, doubling: Doubling) -> None:
        def is_of_all(error: Exception) -> bool:
            return "away" in str(error)

        async def busy(numbers: Sequence[int]) -> Sequence[int | None]:
            raise Unavailable(f"Busy with {numbers}.")

        doubling.is_let.set()

        answer = await Grouped(busy, alone=doubling.double, is_of_all=is_of_all).do(1)

        assert (answer, doubling.alone) == (2, [1])

    async def test_leaves_nobody_waiting_when_the_work_is_stopped(self) -> None:
        async def stopped(numbers: Sequence[int]) -> Sequence[int | None]:
            await asyncio.sleep(0)
            raise asyncio.CancelledError(numbers)

        grouped = Grouped(stopped, alone=Doubling().double, at_most=1)

        async with asyncio.timeout(5):
            answers = await all_of(grouped, 1, 2)

        assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 2
