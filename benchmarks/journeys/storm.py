"""Many timers due at one instant: how long until all of them have been acted on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from benchmarks.harness import Benchmark, Effort, Figure, Sample, Sides, Target
from benchmarks.journeys.installation import On, installed
from benchmarks.journeys.raw import Plan
from benchmarks.journeys.shop import Shop
from benchmarks.journeys.smallest import Smallest
from benchmarks.journeys.waiting import until

#: After a mail everybody sleeps on.
_ASLEEP_FOR: Final = 30 * 24 * 3_600
#: Time to start one run, at worst, in seconds; nobody may be due before all of them sleep.
_STARTS_WITHIN: Final = 0.05
_AT_LEAST: Final = 15.0
_WITHIN: Final = 1_800


@dataclass(frozen=True, slots=True)
class Carts:
    """Carts whose first mail is due for all at once."""

    shop: Shop
    number: int
    ahead: float

    async def measure(self) -> Sample:
        """From the moment when all are due to the last mail."""
        customers = await self.shop.meets(self.number)
        before = await self.shop.sent()
        filled_at = datetime.now(UTC)
        await self.shop.sees_carts(customers, at=filled_at)
        await until(self.shop.told, within=_WITHIN)
        await self.shop.dormouse.settles(within=_WITHIN)
        due_at = filled_at + timedelta(seconds=self.ahead)
        await _sleep_until(due_at.timestamp())
        await until(partial(self._sent, before), within=_WITHIN, look_every=0.1)
        return {"drain": time.time() - due_at.timestamp()}

    async def _sent(self, before: int) -> bool:
        return await self.shop.sent() - before >= self.number


@dataclass(frozen=True, slots=True)
class Workflows:
    """The smallest workflow, its activity due for all at once."""

    smallest: Smallest
    number: int
    ahead: float

    async def measure(self) -> Sample:
        """From the moment when all are due to the last activity."""
        before = self.smallest.acted()
        due = time.time() + self.ahead
        await self.smallest.start(self.number, Plan(first_at=due, pauses=[_ASLEEP_FOR]))
        await self.smallest.dormouse.settles(within=_WITHIN)
        await _sleep_until(due)
        await until(partial(self._acted, before), within=_WITHIN, look_every=0.1)
        return {"drain": time.time() - due}

    async def _acted(self, before: int) -> bool:
        return self.smallest.acted() - before >= self.number


async def _sleep_until(due: float) -> None:
    left = due - time.time()
    if left < 0:
        raise RuntimeError(f"The starts took {-left:.0f} s too long: the storm was over before.")
    await asyncio.sleep(left)


@asynccontextmanager
async def _storm(on: On, effort: Effort) -> AsyncIterator[Sides]:
    number = effort.amount(5_000, quick=20)
    ahead = max(number * _STARTS_WITHIN, _AT_LEAST)
    async with installed(on) as dormouse:
        shop = Shop(dormouse)
        await shop.open()
        await shop.is_set_to(first_reminder_after=f"{ahead} s", incentive_after=f"{_ASLEEP_FOR} s")
        yield Sides(
            Carts(shop, number, ahead).measure,
            Workflows(Smallest(dormouse), number, ahead).measure,
        )


def _benchmark(on: On) -> Benchmark:
    return Benchmark(
        name=f"journeys-storm-{on}",
        title=f"5,000 timers due at once on the {on} server, beside the smallest workflow's",
        figures=(Figure("drain", "s", Target("ratio", at_most=1.3)),),
        open=partial(_storm, on),
        warm_ups=0,
        most_rounds=2,
    )


BENCHMARKS: Final = tuple(_benchmark(on) for on in On)
