"""Mails rendered a second, by one core."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle, islice
from typing import Final

from benchmarks.harness import Benchmark, Effort, Figure, Sample, Sides, Target
from sending.rendering import Templates
from sending.samples import RICH
from worker import TEMPLATES

_LOCALES: Final = ("en", "de", "fr", "tr")


@asynccontextmanager
async def _rendering(effort: Effort) -> AsyncIterator[Sides]:
    """Every mail of every journey in every language, with all that can be known in it."""
    templates = Templates(TEMPLATES)
    contexts = [replace(RICH, person=replace(RICH.person, locale=locale)) for locale in _LOCALES]
    mails = cycle([(*step, context) for step in sorted(templates.steps()) for context in contexts])
    count = effort.amount(10_000, quick=50)

    async def render() -> Sample:
        # The time of this thread alone: what else runs on the machine takes none of it.
        started = time.thread_time()
        size = sum(len(templates.render(*mail).html) for mail in islice(mails, count))
        return {
            "mails": count / (time.thread_time() - started),
            "size": size / count / 1_024,
        }

    yield Sides(render)


BENCHMARKS: Final = (
    Benchmark(
        name="mails",
        title="All mails in all languages, rendered by one core",
        figures=(
            Figure("mails", "/s and core", Target("figure", at_least=2_500)),
            Figure("size", "KB of html"),
        ),
        open=_rendering,
    ),
)
