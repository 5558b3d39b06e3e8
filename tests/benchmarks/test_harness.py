"""How a subject is measured beside its baseline."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from benchmarks.harness import (
    QUICK,
    Benchmark,
    Effort,
    Figure,
    Measure,
    Sample,
    Sides,
    Target,
    Unmeasurable,
    Verdict,
    run,
)

THREE_ROUNDS = Effort(rounds=3, seconds=0)
RATE = Figure("rate", "/s", Target("ratio", at_least=0.5))


def side(values: Iterator[float], told: list[str] | None = None, name: str = "") -> Measure:
    """A side that finds one value after the other, and tells when it was asked."""

    async def measure() -> Sample:
        if told is not None:
            told.append(name)
        return {"rate": next(values)}

    return measure


def benchmark(sides: Sides | None, *, warm_ups: int = 0, figure: Figure = RATE) -> Benchmark:
    @asynccontextmanager
    async def opened(_: Effort) -> AsyncIterator[Sides]:
        if sides is None:
            raise Unmeasurable("no PostgreSQL")
        yield sides

    return Benchmark(
        name="some", title="Something", figures=(figure,), open=opened, warm_ups=warm_ups
    )


class TestTheHarness:
    async def test_lets_baseline_and_subject_take_turns(self) -> None:
        told: list[str] = []
        sides = Sides(side(iter([1, 1, 1]), told, "subject"), side(iter([1, 1, 1]), told, "bare"))

        await run(benchmark(sides), THREE_ROUNDS)

        assert told == ["bare", "subject", "bare", "subject", "bare", "subject"]

    async def test_compares_within_each_pair_and_takes_the_median(self) -> None:
        # The machine was twice as slow in the second round: the ratio does not care.
        sides = Sides(side(iter([60, 30, 80])), side(iter([100, 50, 100])))

        [result] = await run(benchmark(sides), THREE_ROUNDS)

        assert (result.value, result.baseline, result.ratio) == (60, 100, 0.6)
        assert result.verdict is Verdict.MET

    async def test_does_not_count_the_first_round(self) -> None:
        sides = Sides(side(iter([1, 60, 60, 60])), side(iter([100, 100, 100, 100])))

        [result] = await run(benchmark(sides, warm_ups=1), THREE_ROUNDS)

        assert result.ratio == 0.6

    async def test_measures_once_when_it_is_only_to_see_that_it_runs(self) -> None:
        [result] = await run(benchmark(Sides(side(iter([7]))), warm_ups=1), QUICK)

        assert (result.value, result.ratio) == (7, None)

    async def test_says_why_something_cannot_be_measured(self) -> None:
        [result] = await run(benchmark(None), THREE_ROUNDS)

        assert (result.reason, result.verdict) == ("no PostgreSQL", Verdict.NONE)


class TestATarget:
    async def test_is_missed_by_a_ratio_below_it(self) -> None:
        sides = Sides(side(iter([40, 40, 40])), side(iter([100, 100, 100])))

        [result] = await run(benchmark(sides), THREE_ROUNDS)

        assert result.verdict is Verdict.MISSED

    async def test_of_the_figure_itself_needs_no_baseline(self) -> None:
        figure = Figure("rate", "ms", Target("figure", at_most=25))

        [result] = await run(
            benchmark(Sides(side(iter([20, 24, 30]))), figure=figure), THREE_ROUNDS
        )

        assert (result.value, result.verdict) == (24, Verdict.MET)

    def test_reads_like_a_bound(self) -> None:
        assert Target("ratio", at_least=0.6).say() == "ratio ≥ 0.6"
        assert Target("figure", at_most=1_000).say() == "≤ 1,000"
