"""What a sleeping journey takes up, and how soon it wakes, with many of them asleep."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from statistics import mean
from typing import Any, Final

from temporalio.client import WorkflowHandle

from benchmarks.harness import Benchmark, Effort, Figure, Sample, Sides, Target
from benchmarks.journeys.installation import Installation, On, installed
from benchmarks.journeys.raw import Plan, Raw
from benchmarks.journeys.shop import Shop
from benchmarks.journeys.smallest import Smallest
from benchmarks.journeys.waiting import until

_ASLEEP: Final = "30 days"
_ASLEEP_FOR: Final = 30 * 24 * 3_600
#: As many workflows as a worker keeps in memory; the others are read anew when they wake.
_CACHED: Final = 1_000
_LOOKED_AT: Final = 50
_WITHIN: Final = 3_600
#: Time for the last of them to be under way, and for the server to write everything down.
_SETTLES: Final = 5.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is taken up at one moment, in bytes."""

    temporal: float
    ours: float
    workers: float

    @classmethod
    async def of(cls, dormouse: Installation) -> "Sizes":
        """As it is now."""
        return cls(
            await dormouse.size_of_temporal(),
            await dormouse.size_of_ours(),
            dormouse.memory_of_workers(),
        )


@dataclass(slots=True)
class Sleepers:
    """Customers whose runs sleep: some before their first mail, some after it."""

    shop: Shop
    unwritten: list[str]
    written: list[str]
    footprint: Sample
    wakes: int

    async def measure(self) -> Sample:
        """Let some of them order, one after the other."""
        ends = [await self._order(self.unwritten.pop()) for _ in range(self.wakes)]
        mails = [await self._thanked(self.written.pop()) for _ in range(self.wakes)]
        return {
            **_latencies("ended", ends),
            **_latencies("mail", mails),
            **self.footprint,
        }

    async def _order(self, customer: str) -> float:
        """Seconds from the answer to the order to the end of the run."""
        workflow_id = await self.shop.workflow_of(customer)
        handle = self.shop.dormouse.temporal.get_workflow_handle(workflow_id)
        end = await _listening(handle)
        await self.shop.sells_to(customer)
        answered = time.perf_counter()
        return await end - answered

    async def _thanked(self, customer: str) -> float:
        """Seconds from the answer to the order until the thank-you mail had left."""
        workflow_id = await self.shop.workflow_of(customer)
        handle = self.shop.dormouse.temporal.get_workflow_handle(workflow_id)
        answered_at = await self.shop.sells_to(customer)
        await handle.result()
        return (await self.shop.thanked_at(workflow_id) - answered_at).total_seconds()


@dataclass(slots=True)
class RawSleepers:
    """The smallest workflow, asleep, woken by a signal of Temporal's plain client."""

    handles: list[WorkflowHandle[Raw, str]]
    footprint: Sample
    wakes: int

    async def measure(self) -> Sample:
        """Signal some of them, one after the other."""
        ends = [await self._signal(self.handles.pop()) for _ in range(self.wakes)]
        return {**_latencies("ended", ends), **self.footprint}

    @staticmethod
    async def _signal(handle: WorkflowHandle[Raw, str]) -> float:
        end = await _listening(handle)
        await handle.signal(Raw.end)
        answered = time.perf_counter()
        return await end - answered


async def _listening(handle: WorkflowHandle[Any, Any]) -> "asyncio.Task[float]":
    """The time at which the run will have ended; asked for before it is woken."""

    async def end() -> float:
        await handle.result()
        return time.perf_counter()

    task = asyncio.create_task(end())
    await asyncio.sleep(0.05)  # until Temporal has the question
    return task


def _latencies(of: str, seconds: Sequence[float]) -> Sample:
    ordered = sorted(second * 1_000 for second in seconds)

    def within(share: float) -> float:
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    return {f"{of} p50": within(0.5), f"{of} p99": within(0.99)}


@asynccontextmanager
async def _asleep(on: On, effort: Effort) -> AsyncIterator[Sides]:
    async with installed(on) as dormouse:
        shop, wakes = Shop(dormouse), effort.amount(100, quick=3)
        await shop.open()
        raw = await _raw_sleepers(dormouse, effort, wakes)
        yield Sides((await _sleepers(shop, effort, wakes)).measure, raw.measure)


async def _raw_sleepers(dormouse: Installation, effort: Effort, wakes: int) -> RawSleepers:
    number = max(effort.amount(2_000, quick=10), wakes * (effort.rounds + 2))
    before = await dormouse.size_of_temporal()
    plan = Plan(first_at=time.time() + _ASLEEP_FOR, pauses=[])
    handles = list(await Smallest(dormouse).start(number, plan))
    await _settled(dormouse)
    grown = await dormouse.size_of_temporal() - before
    footprint = {
        "in temporal": grown / number / 1_024,
        "history": await _history(dormouse, [handle.id for handle in handles]),
    }
    return RawSleepers(handles, footprint, wakes)


async def _sleepers(shop: Shop, effort: Effort, wakes: int) -> Sleepers:
    """Carts left behind: those who will be thanked first, then the many who sleep."""
    few, many = wakes * (effort.rounds + 2), effort.amount(20_000, quick=20)
    await shop.is_set_to(first_reminder_after="0.01 s", incentive_after=_ASLEEP)
    written = await shop.meets(few)
    await _fall_asleep(shop, written)
    await until(partial(_have_left, shop, few), within=_WITHIN, look_every=0.2)
    await _settled(shop.dormouse)
    await shop.is_set_to(first_reminder_after=_ASLEEP)
    unwritten = await shop.meets(many)
    # From here on the many alone make everything grow.
    sizes = [await Sizes.of(shop.dormouse)]
    filling = min(_CACHED, many // 2)
    for group in (unwritten[:filling], unwritten[filling:]):
        await _fall_asleep(shop, group)
        sizes.append(await Sizes.of(shop.dormouse))
    ids = [await shop.workflow_of(name) for name in unwritten[:_LOOKED_AT]]
    footprint = {
        **_footprint(sizes, filling=filling, many=many),
        "history": await _history(shop.dormouse, ids),
    }
    return Sleepers(shop, unwritten, written, footprint, wakes)


async def _fall_asleep(shop: Shop, customers: Sequence[str]) -> None:
    await shop.sees_carts(customers)
    await until(shop.told, within=_WITHIN, look_every=0.2)
    await _settled(shop.dormouse)


async def _settled(dormouse: Installation) -> None:
    """Return once everybody sleeps, and a little later."""
    await dormouse.settles(within=_WITHIN)
    await asyncio.sleep(_SETTLES)


async def _have_left(shop: Shop, mails: int) -> bool:
    return await shop.sent() >= mails


def _footprint(sizes: Sequence[Sizes], *, filling: int, many: int) -> Sample:
    """What one sleeper takes up, in KB."""
    before, filled, after = sizes
    kilobytes: Callable[[float, int], float] = lambda grown, number: grown / number / 1_024  # noqa: E731
    return {
        "in temporal": kilobytes(after.temporal - before.temporal, many),
        "in ours": kilobytes(after.ours - before.ours, many),
        "cached": kilobytes(filled.workers - before.workers, filling),
        "evicted": kilobytes(after.workers - filled.workers, many - filling),
    }


async def _history(dormouse: Installation, ids: Sequence[str]) -> float:
    """The average size of their histories, in KB."""
    found = [
        await dormouse.temporal.get_workflow_handle(workflow_id).describe()
        for workflow_id in ids[:_LOOKED_AT]
    ]
    sizes = [one.raw_description.workflow_execution_info.history_size_bytes for one in found]
    return mean(sizes) / 1_024


def _benchmark(on: On) -> Benchmark:
    return Benchmark(
        name=f"journeys-asleep-{on}",
        title=f"20,000 sleeping journeys on the {on} server, and waking one after the other",
        figures=(
            Figure("ended p50", "ms", Target("figure", at_most=25)),
            Figure("ended p99", "ms", Target("figure", at_most=100)),
            Figure("mail p50", "ms"),
            Figure("mail p99", "ms"),
            Figure("history", "KB"),
            Figure("in temporal", "KB"),
            Figure("in ours", "KB"),
            Figure("cached", "KB of worker"),
            Figure("evicted", "KB of worker"),
        ),
        open=partial(_asleep, on),
    )


BENCHMARKS: Final = tuple(_benchmark(on) for on in On)
