"""What a story may not touch, found in its file before any run."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from runtime.determinism import breaches_of
from workflows.catalogue import JOURNEYS

Read = Callable[[str], list[str]]

STORY = """
{above}

class Story:
    {within}

    async def run(self, opened: bool = False) -> object:
        return {said}
"""
AGAIN = "which differs when a run is told again"

#: What stands above the story, what it says, and what its writer is told.
BREACHES = {
    "a clock": (
        "from datetime import datetime, UTC",
        "datetime.now(UTC)",
        f"uses datetime.datetime.now in line 8 of story.py, {AGAIN}: write workflow.now().",
    ),
    "a clock by another name": (
        "from time import monotonic as ticks",
        "ticks()",
        f"uses time.monotonic in line 8 of story.py, {AGAIN}: write workflow.now(), and",
    ),
    "a day": (
        "import datetime as dates",
        "dates.date.today()",
        f"uses datetime.date.today in line 8 of story.py, {AGAIN}: write workflow.now().",
    ),
    "chance": (
        "import random",
        "random.choice([1, 2])",
        f"uses random.choice in line 8 of story.py, {AGAIN}: write workflow.random().",
    ),
    "a new id": (
        "from uuid import uuid4",
        "str(uuid4())",
        f"uses uuid.uuid4 in line 8 of story.py, {AGAIN}: write workflow.uuid4().",
    ),
    "the first of several": (
        "import asyncio",
        "await asyncio.wait([])",
        f"uses asyncio.wait in line 8 of story.py, {AGAIN}: write workflow.wait() or",
    ),
    "a sleep that no ending ends": (
        "import asyncio",
        "await asyncio.sleep(1)",
        (
            "sleeps by asyncio.sleep in line 8 of story.py, which no ending, pause or fast-forward "
            "cuts short: write await self.wait()."
        ),
    ),
    "a sleep of Temporal's": (
        "from temporalio import workflow as w",
        "await w.sleep(1)",
        "sleeps by temporalio.workflow.sleep in line 8 of story.py, which no ending, pause",
    ),
    "the process": (
        "import os",
        'os.environ["SHOP"]',
        f"uses os.environ in line 8 of story.py, {AGAIN}: leave it to an activity.",
    ),
    "a call over the network": (
        "import urllib.request",
        'urllib.request.urlopen("https://shop.example")',
        f"uses urllib.request.urlopen in line 8 of story.py, {AGAIN}: leave it to an activity.",
    ),
    "a file": (
        "",
        'open("stock.csv").read()',
        f"uses open in line 8 of story.py, {AGAIN}: leave it to an activity.",
    ),
    "a list of all runs": (
        "SEEN: list[str] = []",
        "SEEN",
        "keeps 'SEEN' as a list that all its runs share: make it a tuple, or self's.",
    ),
    "a number of all runs": (
        "COUNT = 0",
        "COUNT\n\n    def more(self) -> None:\n        global COUNT\n        COUNT += 1",
        "changes 'COUNT', which all its runs share: keep it in self.",
    ),
}
HARMLESS = {
    "lengths of time": ("from datetime import timedelta", "timedelta(days=1)"),
    "a day of the calendar": ("from datetime import date", "date(2026, 11, 27)"),
    "a tuple": ("SALES = (1, 2)", "SALES"),
    "a function that is called like one of Python's": ("def open(): ...", "open()"),
    "an argument that is called like one of Python's": ("", "[open for open in (1, 2)]"),
    "a word of the house's own": ("from temporalio import workflow", "workflow.now()"),
}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """What the writer of this file is told."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(source: str) -> list[str]:
        (tmp_path / "story.py").write_text(source)
        story = import_module("story").Story
        try:
            return list(breaches_of(story))
        finally:
            del sys.modules["story"]

    return read


class TestAStory:
    @pytest.mark.parametrize(("above", "said", "told"), BREACHES.values(), ids=BREACHES.keys())
    def test_may_not_touch(self, read: Read, above: str, said: str, told: str) -> None:
        [breach, *_] = read(STORY.format(above=above, within="", said=said))

        assert breach.startswith(told)

    def test_may_not_keep_what_its_runs_share(self, read: Read) -> None:
        [breach] = read(STORY.format(above="", within="seen = {}", said="self.seen"))

        assert breach == (
            "keeps 'seen' as a dict that all its runs share: make it a tuple, or self's."
        )

    @pytest.mark.parametrize(("above", "said"), HARMLESS.values(), ids=HARMLESS.keys())
    def test_may_say(self, read: Read, above: str, said: str) -> None:
        assert read(STORY.format(above=above, within="", said=said)) == []

    @pytest.mark.parametrize("journey", JOURNEYS)
    def test_of_ours_touches_nothing(self, journey: type) -> None:
        assert list(breaches_of(journey)) == []
