"""The list of benchmarks: what stands here is run by `make bench`, in this order."""

from collections.abc import Sequence
from typing import Final

from benchmarks import mails, processes
from benchmarks.harness import Benchmark
from benchmarks.intake import accepting
from benchmarks.journeys import asleep, completing, starting, storm

BENCHMARKS: Final[Sequence[Benchmark]] = (
    *accepting.BENCHMARKS,
    *mails.BENCHMARKS,
    *processes.BENCHMARKS,
    *starting.BENCHMARKS,
    *completing.BENCHMARKS,
    *asleep.BENCHMARKS,
    *storm.BENCHMARKS,
)
