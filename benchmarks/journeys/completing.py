"""Journeys completed a second, beside the smallest workflow of the same shape."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.harness import Benchmark, Effort, Figure, Sample, Sides, Target
from benchmarks.journeys.installation import On, installed
from benchmarks.journeys.raw import Plan
from benchmarks.journeys.shop import Shop
from benchmarks.journeys.smallest import Smallest
from benchmarks.journeys.waiting import until

#: Between two mails of a journey: enough to be a timer.
_PAUSE: Final = 0.01
_WITHIN: Final = 600


@dataclass(frozen=True, slots=True)
class Carts:
    """Carts that are never bought: three mails each, and the end."""

    shop: Shop
    number: int

    async def measure(self) -> Sample:
        """From the first event posted to the last run ended."""
        customers = await self.shop.meets(self.number)
        before = await self.shop.ended()
        began = time.perf_counter()
        await self.shop.sees_carts(customers)
        await until(partial(self._ended, before), within=_WITHIN)
        return {"completed": self.number / (time.perf_counter() - began)}

    async def _ended(self, before: int) -> bool:
        return await self.shop.ended() - before >= self.number


@dataclass(frozen=True, slots=True)
class Workflows:
    """The same timers and activities, and nothing else."""

    smallest: Smallest
    number: int

    async def measure(self) -> Sample:
        """From the first start to the last end."""
        before = self.smallest.ended()
        began = time.perf_counter()
        await self.smallest.start(self.number, Plan(first_at=0, pauses=[_PAUSE, _PAUSE]))
        await until(partial(self._ended, before), within=_WITHIN)
        return {"completed": self.number / (time.perf_counter() - began)}

    async def _ended(self, before: int) -> bool:
        return self.smallest.ended() - before >= self.number


@asynccontextmanager
async def _completing(on: On, effort: Effort) -> AsyncIterator[Sides]:
    number = effort.amount(300, quick=5)
    async with installed(on) as dormouse:
        shop = Shop(dormouse)
        await shop.open()
        pause = f"{_PAUSE} s"
        await shop.is_set_to(
            first_reminder_after=pause, incentive_after=pause, last_reminder_after=pause
        )
        yield Sides(Carts(shop, number).measure, Workflows(Smallest(dormouse), number).measure)


def _benchmark(on: On) -> Benchmark:
    return Benchmark(
        name=f"journeys-completed-{on}",
        title=f"Whole journeys of three mails on the {on} server, beside the smallest workflow",
        figures=(Figure("completed", "/s", Target("ratio", at_least=0.8)),),
        open=partial(_completing, on),
    )


BENCHMARKS: Final = tuple(_benchmark(on) for on in On)
