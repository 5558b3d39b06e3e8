"""Journeys started a second, beside the smallest workflow: each falls asleep at once."""

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

_ASLEEP_FOR: Final = 30 * 24 * 3_600
_WITHIN: Final = 600


@dataclass(frozen=True, slots=True)
class Carts:
    """Carts filled by known customers, over HTTP."""

    shop: Shop
    number: int

    async def measure(self) -> Sample:
        """From the first event posted to the last start told, and answered by Temporal.

        What comes after must not pay for them: it waits until all of them sleep.
        """
        customers = await self.shop.meets(self.number)
        began = time.perf_counter()
        await self.shop.sees_carts(customers)
        await until(self.shop.told, within=_WITHIN)
        took = time.perf_counter() - began
        await self.shop.dormouse.settles(within=_WITHIN)
        return {"starts": self.number / took}


@dataclass(frozen=True, slots=True)
class Workflows:
    """The smallest workflow, started by Temporal's plain client."""

    smallest: Smallest
    number: int

    async def measure(self) -> Sample:
        """From the first start to the last answer; then wait until all of them sleep."""
        plan = Plan(first_at=time.time() + _ASLEEP_FOR, pauses=[])
        began = time.perf_counter()
        await self.smallest.start(self.number, plan)
        took = time.perf_counter() - began
        await self.smallest.dormouse.settles(within=_WITHIN)
        return {"starts": self.number / took}


@asynccontextmanager
async def _starting(on: On, effort: Effort) -> AsyncIterator[Sides]:
    number = effort.amount(500, quick=5)
    async with installed(on) as dormouse:
        shop = Shop(dormouse)
        await shop.open()
        await shop.is_set_to(first_reminder_after=f"{_ASLEEP_FOR} s")
        yield Sides(Carts(shop, number).measure, Workflows(Smallest(dormouse), number).measure)


def _benchmark(on: On) -> Benchmark:
    return Benchmark(
        name=f"journeys-started-{on}",
        title=f"Journeys that fall asleep on the {on} server, beside the smallest workflow",
        figures=(Figure("starts", "/s", Target("ratio", at_least=0.8)),),
        open=partial(_starting, on),
    )


BENCHMARKS: Final = tuple(_benchmark(on) for on in On)
