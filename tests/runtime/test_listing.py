"""What a writer of journeys is told when something is missing or misspelt."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Invalid
from domain.events import ORDER_COMPLETED, PRODUCT_VIEWED
from runtime.listing import journey_in, name_of, rules_of
from runtime.reading import endings_of, steps_ended_by, steps_of

Write = Callable[..., str]

STORY = '''
from datetime import timedelta

from temporalio import workflow

from domain.durations import Duration
from domain.conditions import Dwelled, Seen, Setting
from domain.entry import Entry
from domain.events import EMAIL_LINK_CLICKED, ORDER_COMPLETED, PRODUCT_VIEWED, EventName
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey

OWN = EventName("Product Added to Wishlist")


class Times(JourneySettings):
    """One time."""

    after: Duration = timedelta(days=1)


@workflow.defn(name="wish-list")
class WishList(Journey[Times]):
    """Remind a customer of what they wished for."""

    entry = Entry(on=(PRODUCT_VIEWED, OWN))
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[Times]) -> JourneyResult:
        with self.until(ORDER_COMPLETED):
            await self.send("one")
            await self.happens(EMAIL_LINK_CLICKED, within=start.settings.after, since="one")
        await self.send("two")
        return self.result()
'''

#: What is written instead of what, and what the writer is told.
MISTAKES = {
    "no name": ('(name="wish-list")', "", 'WishList has no name: write @workflow.defn(name="wish'),
    "no docstring": (
        '    """Remind a customer of what they wished for."""\n',
        "",
        "wish-list does not say what it is for: its docstring's first line is shown as its title.",
    ),
    "no entry": (
        "    entry = Entry(on=(PRODUCT_VIEWED, OWN))\n",
        "",
        "wish-list does not say who enters: write entry = Entry(on=(…,)) into the class.",
    ),
    "no comma": (
        "on=(PRODUCT_VIEWED, OWN)",
        "on=(PRODUCT_VIEWED)",
        "wish-list is entered on no list of events: write on=(THE_EVENT,), with the comma.",
    ),
    "a misspelt setting": (
        "OWN))",
        'OWN), when=Dwelled(Setting("aftr")))',
        "wish-list is entered by the setting 'aftr', which it has not: did you mean 'after'?",
    ),
    "a setting that is not there": (
        "OWN))",
        'OWN), when=Dwelled(1) | Seen(2, Setting("week")))',
        "wish-list is entered by the setting 'week', which it has not.",
    ),
    "a choice that is not there": (
        "OWN))",
        'OWN), chosen_by="starts_on")',
        "wish-list is entered by the setting 'starts_on', which it has not.",
    ),
    "a setting without default": (
        "after: Duration = timedelta(days=1)",
        "after: Duration",
        "give each of them a default that fits its type (after).",
    ),
    "no goal": (
        "    goal = ORDER_COMPLETED\n",
        "",
        "wish-list has no goal: write goal = ORDER_COMPLETED, or what else it wants to happen.",
    ),
    "a misspelt event": (
        'EventName("Product Added to Wishlist")',
        'EventName("Prodct Viewed")',
        "wish-list waits for 'Prodct Viewed', which nobody says: did you mean 'Product Viewed'?",
    ),
    "an ending by its text": (
        "self.until(ORDER_COMPLETED)",
        'self.until("Order Completed")',
        "WishList tells until('Order Completed'), of which it would never hear: name an event of",
    ),
    "a misspelt step": (
        'since="one"',
        'since="on"',
        "wish-list looks back to the step 'on', which it never sends: did you mean 'one'?",
    ),
    "a step by a variable": (
        'await self.send("two")',
        "await self.send(OWN)",
        'WishList sends a step that is not named on the spot: write send("its-name")',
    ),
    "a clock": (
        'await self.send("two")',
        'import time; time.sleep(1); await self.send("two")',
        "/wish_list.py, which differs when a run is told again: write workflow.now(), and self",
    ),
    "a wait that is not awaited": (
        'await self.send("two")',
        "self.wait(start.settings.after)",
        "wish_list.py: write await self.wait(…).",
    ),
    "a misspelt setting in the story": (
        "within=start.settings.after",
        "within=start.settings.aftr",
        "wish_list.py reads the setting 'aftr', which it has not: did you mean 'after'?",
    ),
    "no story": (
        "    @workflow.run\n    async def run(",
        "    async def tell(",
        "WishList tells no story: write async def run under @workflow.run.",
    ),
    "a story without its mark": (
        "    @workflow.run\n",
        "",
        "WishList.run is no story yet: write @workflow.run above it.",
    ),
    "a story without settings": (
        "start: JourneyStart[Times]",
        "start: object",
        "WishList.run does not say which settings it takes: write async def run(self, start: Jour",
    ),
}
_NUMBERS = count(1)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into a folder of journeys, with something changed; returns the module."""
    package = f"stories_{next(_NUMBERS)}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def write(before: str = "", after: str = "", *, file: str = "wish_list") -> str:
        assert before in STORY
        (folder / f"{file}.py").write_text(STORY.replace(before, after) if before else STORY)
        return f"{package}.{file}"

    return write


def listed(module: str) -> Any:
    return rules_of(journey_in(module))


class TestAJourney:
    def test_is_listed_with_what_it_says(self, write: Write) -> None:
        rules = listed(write())

        assert (rules.name, rules.title) == (
            "wish-list",
            "Remind a customer of what they wished for.",
        )
        assert rules.ends_on == {ORDER_COMPLETED}

    def test_is_read_before_it_is_run(self, write: Write) -> None:
        journey = journey_in(write())

        assert name_of(journey) == "wish-list"
        assert steps_of(journey) == ["one", "two"]
        assert endings_of(journey) == {ORDER_COMPLETED}
        assert steps_ended_by(journey, ORDER_COMPLETED) == {"one"}
        assert steps_ended_by(journey, PRODUCT_VIEWED) == set()

    @pytest.mark.parametrize(
        ("before", "after", "sentence"), MISTAKES.values(), ids=MISTAKES.keys()
    )
    def test_with_a_mistake_is_told_the_cure(
        self, write: Write, before: str, after: str, sentence: str
    ) -> None:
        module = write(before, after)

        with pytest.raises(Invalid) as told:
            listed(module)

        assert sentence in str(told.value)


class TestTheList:
    def test_with_a_misspelt_file_is_told_which_is_meant(self, write: Write) -> None:
        misspelt = write().replace("wish_list", "wish_lst")

        with pytest.raises(Invalid, match=r"there is no .*wish_lst.py: did you mean 'wish_list'\?"):
            journey_in(misspelt)

    def test_wants_a_journey_in_each_file(self, write: Write) -> None:
        module = write(STORY[STORY.index("@workflow.defn") :], "", file="empty")

        with pytest.raises(Invalid, match=r"empty.py tells 0 journeys instead of one: write one"):
            journey_in(module)
