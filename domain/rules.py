"""What routing needs to know of a journey, without knowing its story."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from domain.entry import Entry
from domain.errors import Invalid
from domain.events import EventName
from domain.journeys import JourneySettings


@dataclass(frozen=True, slots=True)
class JourneyRules:
    """A journey from the outside."""

    name: str
    #: The first line of the journey's docstring.
    title: str
    entry: Entry
    goal: EventName | None
    #: The events that the story mentions: only these are signalled to its runs.
    listens: frozenset[EventName]
    #: Those of them that end the story, or a part of it.
    ends_on: frozenset[EventName]
    settings_type: type[JourneySettings]
    #: The settings in force now, and their version (0: the defaults).
    settings: JourneySettings
    settings_version: int = 0
    is_paused: bool = False

    def tuned(
        self, overrides: Mapping[str, Any], *, version: int, is_paused: bool
    ) -> "JourneyRules":
        """These rules with the shop's own settings in force."""
        settings = self.settings_with(overrides)
        return replace(self, settings=settings, settings_version=version, is_paused=is_paused)

    def settings_with(self, overrides: Mapping[str, Any]) -> JourneySettings:
        """The settings in force with `overrides` on top; raises Invalid naming the field."""
        kept = self.settings.model_dump(mode="json", exclude_unset=True)
        try:
            return self.settings_type.model_validate({**kept, **overrides})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in ("settings", *first["loc"]))
            message = first["msg"].removeprefix("Value error, ")
            raise Invalid(f"{place}: {message}", field=place) from error


Catalogue = Mapping[str, JourneyRules]
