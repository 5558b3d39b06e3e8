"""Conditions: what must hold, besides the event itself, for it to start a journey.

Everything here is pure: a `Situation` holds all that a condition may look at.
"""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from domain.durations import say_duration
from domain.events import Event, EventName
from domain.journeys import JourneySettings
from domain.pace import Pace

#: A look longer than this was a forgotten tab, not interest.
LONGEST_LOOK: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Setting:
    """A threshold that the journey's settings hold, by the field's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Situation:
    """An event and everything that a condition may take into account."""

    event: Event
    settings: JourneySettings
    pace: Pace
    #: The customer's earlier events as far as conditions need them, in order of time: the one
    #: before, and those about the same subject.
    past: Sequence[Event] = ()
    #: How long the customer looked at what the event is about, when that is known.
    looked_for: timedelta | None = None
    #: When the customer last did what journeys ask about, by the event's name; history too.
    latest: Mapping[str, datetime] = field(default_factory=dict)

    def value(self, threshold: Any) -> Any:
        """`threshold` itself, or what the settings say when it names a setting."""
        return _resolved(threshold, self.settings)


class Condition(ABC):
    """Something that must hold for an event to start a journey; combine with `|` and `&`."""

    @abstractmethod
    def holds(self, situation: Situation) -> bool:
        """Whether it holds now."""

    @abstractmethod
    def say(self) -> str:
        """The condition in words."""

    def memory(self, settings: JourneySettings) -> timedelta:  # noqa: ARG002 - others need it
        """How far back it looks at earlier events; not at all unless a condition says so."""
        return timedelta()

    def __or__(self, other: "Condition") -> "Condition":
        return Combined((self, other), by="either")

    def __and__(self, other: "Condition") -> "Condition":
        return Combined((self, other), by="both")


@dataclass(frozen=True, slots=True)
class Combined(Condition):
    """Several conditions, of which `either` or `both` must hold; a setting may decide which."""

    conditions: tuple[Condition, ...]
    by: Literal["either", "both"] | Setting

    def holds(self, situation: Situation) -> bool:
        """Whether enough of the conditions hold."""
        enough = all if situation.value(self.by) == "both" else any
        return enough(condition.holds(situation) for condition in self.conditions)

    def memory(self, settings: JourneySettings) -> timedelta:
        """How far back the most curious of the conditions looks."""
        return max(condition.memory(settings) for condition in self.conditions)

    def say(self) -> str:
        """The conditions joined by "and" or "or"."""
        word = {"both": " and ", "either": " or "}.get(str(self.by), " or/and ")
        return word.join(condition.say() for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Dwelled(Condition):
    """The customer looked long enough: measured by the shop, or seen from the next event."""

    seconds: float | Setting

    def holds(self, situation: Situation) -> bool:
        """Whether the look lasted long enough."""
        if situation.looked_for is None:
            return False
        wanted = situation.value(self.seconds)
        least = wanted if isinstance(wanted, timedelta) else timedelta(seconds=wanted)
        return situation.looked_for >= situation.pace.of(least)

    def memory(self, settings: JourneySettings) -> timedelta:  # noqa: ARG002 - others need it
        """The next event shows how long a look lasted: as far back as the longest one."""
        return LONGEST_LOOK

    def say(self) -> str:
        """The condition in words."""
        least = self.seconds
        if not isinstance(least, Setting):
            return f"looked for at least {say_duration(timedelta(seconds=least))}"
        return f"looked for at least {_words(least)}"


@dataclass(frozen=True, slots=True)
class Seen(Condition):
    """The same product, category or search was looked at `times` times, this time included."""

    times: int | Setting
    within: timedelta | Setting

    def holds(self, situation: Situation) -> bool:
        """Whether it was seen often enough within the window."""
        event = situation.event
        subject = event.facts.subject
        if subject is None:
            return False
        since = event.happened_at - situation.pace.of(situation.value(self.within))
        earlier = sum(
            past.facts.subject == subject
            and past.id != event.id
            and since <= past.happened_at <= event.happened_at
            for past in situation.past
        )
        return bool(earlier + 1 >= situation.value(self.times))

    def memory(self, settings: JourneySettings) -> timedelta:
        """How far back it counts."""
        within: timedelta = _resolved(self.within, settings)
        return max(within, LONGEST_LOOK)

    def say(self) -> str:
        """The condition in words."""
        return f"seen {_words(self.times)} times within {_words(self.within)}"


@dataclass(frozen=True, slots=True)
class NotEmpty(Condition):
    """A list in the event holds something; an event without the list is given the benefit."""

    name: str

    def holds(self, situation: Situation) -> bool:
        """Whether the list holds something or is not told."""
        return situation.event.properties.get(self.name) != []

    def say(self) -> str:
        """The condition in words."""
        return f"{self.name} not empty"


@dataclass(frozen=True, slots=True)
class Never(Condition):
    """The customer has never done this, as far as anybody told us, imported history included."""

    event: EventName

    def holds(self, situation: Situation) -> bool:
        """Whether it has not happened yet."""
        return self.event not in situation.latest

    def say(self) -> str:
        """The condition in words."""
        return f"{self.event} has never happened"


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "≠": operator.ne,
    ">": operator.gt,
    "≥": operator.ge,
    "<": operator.lt,
    "≤": operator.le,
}


@dataclass(frozen=True, slots=True)
class PropertyIs(Condition):
    """A property of the event compares with a value; a missing or unlike one never does."""

    name: str
    comparison: str
    value: Any

    def holds(self, situation: Situation) -> bool:
        """Whether the event's property compares as wanted."""
        found = situation.event.properties.get(self.name)
        if found is None:
            return False
        try:
            return _COMPARISONS[self.comparison](found, situation.value(self.value))
        except TypeError:
            return False

    def say(self) -> str:
        """The condition in words."""
        return f"{self.name} {self.comparison} {_words(self.value)}"


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """A property of the event, to compare: `Property("total") >= 50`."""

    name: str

    def __eq__(self, value: object) -> PropertyIs:  # type: ignore[override]  # a condition
        return PropertyIs(self.name, "=", value)

    def __ne__(self, value: object) -> PropertyIs:  # type: ignore[override]  # a condition
        return PropertyIs(self.name, "≠", value)

    def __gt__(self, value: Any) -> PropertyIs:
        return PropertyIs(self.name, ">", value)

    def __ge__(self, value: Any) -> PropertyIs:
        return PropertyIs(self.name, "≥", value)

    def __lt__(self, value: Any) -> PropertyIs:
        return PropertyIs(self.name, "<", value)

    def __le__(self, value: Any) -> PropertyIs:
        return PropertyIs(self.name, "≤", value)

    __hash__ = None  # type: ignore[assignment]  # as Python says it


def _resolved(threshold: Any, settings: JourneySettings) -> Any:
    return getattr(settings, threshold.name) if isinstance(threshold, Setting) else threshold


def _words(value: Any) -> str:
    if isinstance(value, Setting):
        return f"the setting {value.name}"
    return say_duration(value) if isinstance(value, timedelta) else str(value)
