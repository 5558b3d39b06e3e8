"""The harness: a subject is measured in turns with its baseline, and the ratio is judged.

The speed of a machine moves while one looks at it, by a third and more. So a subject and its
baseline are measured one after the other (A B A B …), each pair gives a ratio, and the median of
these ratios counts. Absolute figures are for orientation only.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Literal

#: What one round found: a value for each figure of the benchmark, by the figure's name.
Sample = Mapping[str, float]
#: Measures one round.
Measure = Callable[[], Awaitable[Sample]]


class Unmeasurable(Exception):
    """Something that a benchmark needs is not on this machine; the message says what."""


class Verdict(StrEnum):
    """What became of a target."""

    MET = "met"
    MISSED = "missed"
    #: There is no target, or nothing could be measured.
    NONE = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that the ratio to the baseline, or the figure itself, has to keep."""

    of: Literal["ratio", "figure"]
    at_least: float = float("-inf")
    at_most: float = float("inf")

    def say(self) -> str:
        """The bound as the table shows it."""
        is_floor = self.at_least > float("-inf")
        bound = f"≥ {self.at_least:,g}" if is_floor else f"≤ {self.at_most:,g}"
        return f"ratio {bound}" if self.of == "ratio" else bound

    def judge(self, value: float | None) -> Verdict:
        """Whether `value` keeps the bound; no verdict on a value that is not there."""
        if value is None:
            return Verdict.NONE
        return Verdict.MET if self.at_least <= value <= self.at_most else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a benchmark finds."""

    #: Its key in a Sample, and its name in the table.
    name: str
    unit: str
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure. Quick effort shows that a benchmark runs; its figures mean nothing."""

    #: Pairs of baseline and subject.
    rounds: int
    #: How long a round that lasts a time (and not a number of things) should last.
    seconds: float
    is_quick: bool = False

    def amount(self, full: int, *, quick: int) -> int:
        """How many things to do: `full`, or just enough to see that it works."""
        return quick if self.is_quick else full


FULL = Effort(rounds=5, seconds=5)
QUICK = Effort(rounds=1, seconds=0.3, is_quick=True)


@dataclass(frozen=True, slots=True)
class Sides:
    """What is measured, and beside what: the least that anybody could do of the same."""

    subject: Measure
    baseline: Measure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Something to measure."""

    #: As `--only` names it; related ones begin alike.
    name: str
    #: What is compared with what, in one line.
    title: str
    figures: Sequence[Figure]
    #: Sets everything up (servers, databases, traffic), hands out the sides, and cleans up.
    open: Callable[[Effort], AbstractAsyncContextManager[Sides]]
    #: How often each side runs unmeasured before it counts.
    warm_ups: int = 1
    #: Pairs of measurements at most, where one takes minutes.
    most_rounds: int = 100


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table."""

    benchmark: str
    figure: Figure
    value: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    #: Why there is no value.
    reason: str | None = None

    @property
    def verdict(self) -> Verdict:
        """What became of the target."""
        target = self.figure.target
        if target is None:
            return Verdict.NONE
        return target.judge(self.ratio if target.of == "ratio" else self.value)


async def run(benchmark: Benchmark, effort: Effort) -> list[Result]:
    """Measure one benchmark: its figures, in the order that it names them."""
    try:
        async with benchmark.open(effort) as sides:
            for _ in range(0 if effort.is_quick else benchmark.warm_ups):
                await _round(sides)
            rounds = [await _round(sides) for _ in range(min(effort.rounds, benchmark.most_rounds))]
    except Unmeasurable as error:
        return [Result(benchmark.name, figure, reason=str(error)) for figure in benchmark.figures]
    return [_result(benchmark.name, figure, rounds) for figure in benchmark.figures]


async def _round(sides: Sides) -> tuple[Sample, Sample]:
    """What the baseline and the subject found, one right after the other."""
    baseline = await sides.baseline() if sides.baseline else {}
    return baseline, await sides.subject()


def _result(name: str, figure: Figure, rounds: Sequence[tuple[Sample, Sample]]) -> Result:
    values = [subject[figure.name] for _, subject in rounds if figure.name in subject]
    pairs = [
        (subject[figure.name], baseline[figure.name])
        for baseline, subject in rounds
        if figure.name in subject and figure.name in baseline
    ]
    ratios = [value / beside for value, beside in pairs if beside]
    return Result(
        name,
        figure,
        value=median(values) if values else None,
        baseline=median(beside for _, beside in pairs) if pairs else None,
        ratio=median(ratios) if ratios else None,
    )
