"""Journeys for tests of the rules around them: no story, only what the outside sees."""

from datetime import timedelta
from typing import Any, Literal

from domain.durations import Duration
from domain.entry import Entry
from domain.events import ORDER_COMPLETED, PRODUCT_VIEWED, EventName
from domain.journeys import JourneySettings
from domain.rules import JourneyRules


class FakeSettings(JourneySettings):
    """One setting of each kind that entry rules look at."""

    min_dwell: Duration = timedelta(seconds=60)
    seen_times: int = 2
    seen_within: Duration = timedelta(days=7)
    qualifies_by: Literal["either", "both"] = "either"
    starts_on: str = "Order Completed"


def journey(
    name: str = "browse",
    *,
    on: tuple[EventName, ...] = (PRODUCT_VIEWED,),
    listens: tuple[EventName, ...] = (ORDER_COMPLETED,),
    ends_on: tuple[EventName, ...] | None = None,
    settings: JourneySettings | None = None,
    is_paused: bool = False,
    **entry: Any,
) -> JourneyRules:
    """A journey that starts `on` these events and ends on all that it listens to, unless told."""
    return JourneyRules(
        name=name,
        title=f"{name}.",
        entry=Entry(on=on, **{"again_after": timedelta(), **entry}),
        goal=ORDER_COMPLETED,
        listens=frozenset(listens),
        ends_on=frozenset(listens if ends_on is None else ends_on),
        settings_type=FakeSettings,
        settings=settings or FakeSettings(),
        is_paused=is_paused,
    )
