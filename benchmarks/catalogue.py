"""The list of benchmarks: what stands here is run by `make bench`, in this order."""

from collections.abc import Sequence
from typing import Final

from benchmarks import mails
from benchmarks.harness import Benchmark

BENCHMARKS: Final[Sequence[Benchmark]] = (*mails.BENCHMARKS,)
