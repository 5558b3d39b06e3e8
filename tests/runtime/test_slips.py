"""What a story says and cannot mean, found in its file before any run."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from runtime.slips import slips_of
from workflows.catalogue import JOURNEYS

Read = Callable[[str], list[str]]

#: The story's own words stand in line 22.
STORY = '''
import asyncio
from datetime import timedelta

from temporalio import workflow

from domain.events import ORDER_COMPLETED
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class Times(JourneySettings):
    settles_after: timedelta = timedelta(days=1)


@workflow.defn(name="wish-list")
class WishList(Journey[Times]):
    """Remind a customer of what they wished for."""

    @workflow.run
    async def run(self, start: JourneyStart[Times]) -> JourneyResult:
        {said}
        return self.result()

    async def remind(self) -> None:
        await self.send("reminder")
'''
A_DAY = "timedelta(days=1)"

#: What the story says, and which call its writer forgot to await in which line.
FORGOTTEN = {
    "a wait": (f"self.wait({A_DAY})", "wait", 22),
    "a mail": ('self.send("one")', "send", 22),
    "a mail whose outcome is looked at": (
        'offer = self.send("one")\n        if offer.sent: pass',
        "send",
        22,
    ),
    "a mail whose outcome is not": ('offer = self.send("one")', "send", 22),
    "an event that is asked for": (
        f"while not self.happens(ORDER_COMPLETED, within={A_DAY}): pass",
        "happens",
        22,
    ),
    "an event that is compared": (
        f"if self.happens(ORDER_COMPLETED, within={A_DAY}) is None: pass",
        "happens",
        22,
    ),
    "a fact of an event": (f"self.happens(ORDER_COMPLETED, within={A_DAY}).facts", "happens", 22),
    "a part of its own": (
        "with self.until(ORDER_COMPLETED):\n            self.remind()",
        "remind",
        23,
    ),
}
#: What nobody should be refused for.
HARMLESS = {
    "what is awaited": 'await self.send("one")',
    "what is awaited later": 'mail = self.send("one")\n        await mail',
    "what is awaited together": "await asyncio.gather(self.remind(), self.remind())",
    "what goes on beside": "task = asyncio.create_task(self.remind())\n        await task",
    "what is awaited out of a list": (
        "parts = [self.remind(), self.remind()]\n        for part in parts: await part"
    ),
    "what another awaits": "remind = lambda: self.remind()\n        await remind()",
    "a choice between two": (
        'mail = self.send("one") if self.has_written else self.send("two")\n        await mail'
    ),
    "a verb that does not wait": "self.ended_by(ORDER_COMPLETED)",
    "a setting": "await self.wait(start.settings.settles_after)",
    "a setting by another name": "t = start.settings\n        await self.wait(t.settles_after)",
    "what all settings can do": "start.settings.model_dump()",
    "a name that is given anew": "t = start.settings\n        t = A\n        t.b",
    "a name that a function takes": "t = start.settings\n        f = lambda t: t.b",
}
MISSPELT = {
    "on the spot": "await self.wait(start.settings.setles_after)",
    "by another name": "times = start.settings\n        await self.wait(times.setles_after)",
    "by another name with its type": (
        "times: Times = start.settings\n        await self.wait(times.setles_after)"
    ),
    "in a function within": ("times = start.settings\n        later = lambda: times.setles_after"),
}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """What the writer of this story is told."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(said: str) -> list[str]:
        (tmp_path / "wish_list.py").write_text(STORY.format(said=said))
        story = import_module("wish_list").WishList
        try:
            return list(slips_of(story))
        finally:
            del sys.modules["wish_list"]

    return read


class TestAStory:
    @pytest.mark.parametrize(("said", "call", "line"), FORGOTTEN.values(), ids=FORGOTTEN.keys())
    def test_must_await(self, read: Read, said: str, call: str, line: int) -> None:
        [slip] = read(said)

        assert slip == (
            f"does not await self.{call}(…) in line {line} of wish_list.py: "
            f"write await self.{call}(…)."
        )

    @pytest.mark.parametrize("said", MISSPELT.values(), ids=MISSPELT.keys())
    def test_must_not_misspell_a_setting(self, read: Read, said: str) -> None:
        [slip] = read(said)

        line = 22 if said.startswith("await") else 23
        assert slip == (
            f"in line {line} of wish_list.py reads the setting 'setles_after', which it has not: "
            "did you mean 'settles_after'?"
        )

    @pytest.mark.parametrize("said", HARMLESS.values(), ids=HARMLESS.keys())
    def test_may_say(self, read: Read, said: str) -> None:
        assert read(said) == []

    @pytest.mark.parametrize("journey", JOURNEYS)
    def test_of_ours_has_none(self, journey: type) -> None:
        assert list(slips_of(journey)) == []
