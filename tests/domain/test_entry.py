from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.conditions import (
    Combined,
    Condition,
    Dwelled,
    NotEmpty,
    Property,
    Seen,
    Setting,
    Situation,
)
from domain.entry import ALWAYS, Entry, Per
from domain.events import (
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    PRODUCT_LIST_VIEWED,
    PRODUCT_VIEWED,
    PRODUCTS_SEARCHED,
    Event,
    EventName,
)
from domain.pace import Pace
from tests.fakes.happenings import NOON, happened, minutes
from tests.fakes.journeys import FakeSettings

THREE_TIMES = Seen(times=3, within=timedelta(days=7))


def situation(event: Event, *past: Event, **changes: Any) -> Situation:
    plain = Situation(event=event, settings=FakeSettings(), pace=Pace(), past=past)
    return replace(plain, **changes)


def look(*, days_ago: float = 0, product: str = "mug") -> Event:
    return happened(PRODUCT_VIEWED, at=NOON - timedelta(days=days_ago), product_id=product)


class TestDwelled:
    @pytest.mark.parametrize(
        ("looked_for", "holds"),
        [
            (timedelta(seconds=60), True),
            (timedelta(minutes=5), True),
            (timedelta(seconds=59.9), False),
            (None, False),
        ],
    )
    def test_holds_when_the_look_lasted_long_enough(
        self, looked_for: timedelta | None, *, holds: bool
    ) -> None:
        assert Dwelled(60).holds(situation(look(), looked_for=looked_for)) is holds

    def test_takes_its_threshold_from_the_settings(self) -> None:
        settings = FakeSettings(min_dwell=timedelta(minutes=2))
        here = situation(look(), looked_for=minutes(1), settings=settings)

        assert not Dwelled(Setting("min_dwell")).holds(here)
        assert Dwelled(Setting("min_dwell")).holds(replace(here, looked_for=minutes(2)))

    def test_shrinks_with_the_pace_of_a_demonstration(self) -> None:
        here = situation(look(), looked_for=timedelta(seconds=1), pace=Pace(60))

        assert Dwelled(60).holds(here)


class TestSeen:
    def test_counts_the_same_subject_and_this_time_too(self) -> None:
        assert THREE_TIMES.holds(situation(look(), look(days_ago=2), look(days_ago=1)))
        assert not THREE_TIMES.holds(situation(look(), look(days_ago=1)))

    def test_does_not_count_another_subject(self) -> None:
        others = look(days_ago=2, product="pot"), look(days_ago=1)

        assert not THREE_TIMES.holds(situation(look(), *others))

    def test_does_not_count_what_is_too_long_ago(self) -> None:
        assert THREE_TIMES.holds(situation(look(), look(days_ago=7), look(days_ago=1)))
        assert not THREE_TIMES.holds(situation(look(), look(days_ago=7.01), look(days_ago=1)))

    def test_does_not_count_what_came_later(self) -> None:
        later = look(days_ago=-1), look(days_ago=-2)

        assert not THREE_TIMES.holds(situation(look(), *later))

    def test_counts_an_event_once_though_it_is_on_record(self) -> None:
        event = look()

        assert not THREE_TIMES.holds(situation(event, look(days_ago=1), event))

    @pytest.mark.parametrize(
        ("name", "properties"),
        [(PRODUCT_LIST_VIEWED, {"list_id": "mugs"}), (PRODUCTS_SEARCHED, {"query": "mug"})],
    )
    def test_counts_categories_and_searches_alike(
        self, name: EventName, properties: dict[str, Any]
    ) -> None:
        past = [happened(name, at=NOON - minutes(ago), **properties) for ago in (20, 10)]

        assert THREE_TIMES.holds(situation(happened(name, **properties), *past))

    def test_never_holds_for_what_is_about_nothing(self) -> None:
        past = [happened(PRODUCT_VIEWED, at=NOON - minutes(ago)) for ago in (20, 10)]

        assert not THREE_TIMES.holds(situation(happened(PRODUCT_VIEWED), *past))

    def test_takes_its_thresholds_from_the_settings(self) -> None:
        seen = Seen(times=Setting("seen_times"), within=Setting("seen_within"))
        settings = FakeSettings(seen_times=2, seen_within=timedelta(days=1))

        assert seen.holds(situation(look(), look(days_ago=1), settings=settings))
        assert not seen.holds(situation(look(), look(days_ago=2), settings=settings))
        assert seen.memory(settings) == timedelta(days=1)

    def test_shrinks_with_the_pace_of_a_demonstration(self) -> None:
        past = [happened(PRODUCT_VIEWED, at=NOON - minutes(m), product_id="mug") for m in (9, 1)]

        assert THREE_TIMES.holds(situation(look(), *past, pace=Pace(1_000)))
        assert not THREE_TIMES.holds(situation(look(), *past, pace=Pace(10_000)))


class TestCombined:
    often, long = Seen(times=2, within=timedelta(days=7)), Dwelled(60)

    @pytest.mark.parametrize(
        ("condition", "holds"), [(often | long, True), (often & long, False), (long & long, True)]
    )
    def test_is_either_or_both(self, condition: Condition, *, holds: bool) -> None:
        assert condition.holds(situation(look(), looked_for=minutes(2))) is holds

    def test_lets_a_setting_decide_which(self) -> None:
        condition = Combined((self.often, self.long), by=Setting("qualifies_by"))
        here = situation(look(), looked_for=minutes(2))

        assert condition.holds(here)
        assert not condition.holds(replace(here, settings=FakeSettings(qualifies_by="both")))

    def test_remembers_as_much_as_the_most_curious_part(self) -> None:
        assert (self.long | self.often).memory(FakeSettings()) == timedelta(days=7)

    def test_speaks_for_its_parts(self) -> None:
        assert (self.often | self.long).say() == (
            "seen 2 times within 7 days or looked for at least 1 minute"
        )
        assert (self.often & self.long).say() == (
            "seen 2 times within 7 days and looked for at least 1 minute"
        )


class TestProperty:
    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (Property("total") >= 50, True),
            (Property("total") >= 51, False),
            (Property("total") > 50, False),
            (Property("total") < 51, True),
            (Property("total") <= 50, True),
            (Property("total") == 50, True),
            (Property("total") != 50, False),
            (Property("currency") == "EUR", True),
            (Property("currency") != "USD", True),
            (Property("currency") > 5, False),
            (Property("missing") != 5, False),
            (Property("total") >= Setting("seen_times"), True),
        ],
    )
    def test_is_compared_with_a_value(self, condition: Condition, *, holds: bool) -> None:
        event = happened(ORDER_COMPLETED, total=50, currency="EUR")

        assert condition.holds(situation(event)) is holds

    def test_says_so(self) -> None:
        assert (Property("total") >= Setting("seen_times")).say() == (
            "total ≥ the setting seen_times"
        )


class TestNotEmpty:
    @pytest.mark.parametrize(
        ("properties", "holds"),
        [({"products": [{"product_id": "mug"}]}, True), ({"products": []}, False), ({}, True)],
    )
    def test_gives_the_benefit_of_the_doubt(
        self, properties: dict[str, Any], *, holds: bool
    ) -> None:
        event = happened(ORDER_COMPLETED, **properties)

        assert NotEmpty("products").holds(situation(event)) is holds


class TestEntry:
    def test_starts_on_each_of_its_events(self) -> None:
        entry = Entry(on=(PRODUCT_VIEWED, PRODUCTS_SEARCHED))

        assert entry.starts_on(PRODUCTS_SEARCHED, FakeSettings())
        assert not entry.starts_on(ORDER_COMPLETED, FakeSettings())

    def test_starts_on_the_one_that_a_setting_chooses(self) -> None:
        entry = Entry(on=(ORDER_COMPLETED, ORDER_DELIVERED), chosen_by="starts_on")
        settings = FakeSettings(starts_on="Order Delivered")

        assert entry.starts_on(ORDER_DELIVERED, settings)
        assert not entry.starts_on(ORDER_COMPLETED, settings)

    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            (
                Entry(on=(PRODUCT_VIEWED,), when=Dwelled(60), again_after=timedelta(days=14)),
                (
                    "on Product Viewed; when looked for at least 1 minute; "
                    "one run at a time per customer; again after 14 days"
                ),
            ),
            (
                Entry(on=(ORDER_COMPLETED,), per=Per.ORDER),
                "on Order Completed; one run at a time per order; never again",
            ),
            (
                Entry(on=(ORDER_COMPLETED,), chosen_by="starts_on", again_after=ALWAYS),
                "on Order Completed (setting starts_on); one run at a time per customer",
            ),
        ],
    )
    def test_says_its_rule_in_words(self, entry: Entry, words: str) -> None:
        assert entry.say() == words
