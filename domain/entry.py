"""Entry rules: which event starts a journey, under which condition, and how often."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

from domain.conditions import Condition
from domain.consents import ConsentStatus
from domain.durations import say_duration
from domain.events import EventName
from domain.journeys import JourneySettings

#: Re-entry: once is enough for this customer (or order).
NEVER: Final = None
#: Re-entry: as soon as the last run has ended.
ALWAYS: Final = timedelta()


class Per(StrEnum):
    """What a journey may have only one run at a time for."""

    CUSTOMER = "customer"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may start a journey, when and how often."""

    on: tuple[EventName, ...]
    when: Condition | None = None
    per: Per = Per.CUSTOMER
    #: Time since the last entry; NEVER and ALWAYS are its extremes.
    again_after: timedelta | None = NEVER
    topic: str = "marketing"
    channel: str = "email"
    #: PENDING for a journey that asks for the confirmation of a consent.
    consent: Literal[ConsentStatus.GRANTED, ConsentStatus.PENDING] = ConsentStatus.GRANTED
    #: An older event is history and starts nothing.
    fresh_for: timedelta = timedelta(days=1)
    #: The setting that picks one of `on`, when a shop may choose what starts the journey.
    chosen_by: str | None = None

    def starts_on(self, name: str, settings: JourneySettings) -> bool:
        """Whether an event of this name can start the journey under these settings."""
        if self.chosen_by:
            return bool(name == getattr(settings, self.chosen_by))
        return name in self.on

    def memory(self, settings: JourneySettings) -> timedelta:
        """How far back the condition looks at earlier events; zero when it does not."""
        return self.when.memory(settings) if self.when else timedelta()

    def say(self) -> str:
        """The rule in words, for people who look at the journey."""
        parts = [f"on {' or '.join(self.on)}"]
        if self.chosen_by:
            parts = [f"on {' or '.join(self.on)} (setting {self.chosen_by})"]
        if self.when:
            parts.append(f"when {self.when.say()}")
        parts.append(f"one run at a time per {self.per}")
        if self.again_after is NEVER:
            parts.append("never again")
        elif self.again_after:
            parts.append(f"again after {say_duration(self.again_after)}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a customer may not enter now: a code for programs, a sentence for people."""

    code: str
    message: str = field(compare=False)
