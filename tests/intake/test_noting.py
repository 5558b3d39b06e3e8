"""What is noted of when somebody last did something."""

from datetime import timedelta

from domain.events import ORDER_COMPLETED, PAGE_VIEWED, PRODUCT_ADDED, EventName
from intake.noting import LOOK_GRAIN, note
from store.people import Person
from tests.fakes.happenings import NOON, happened

SECOND = timedelta(seconds=1)


def noted(person: Person, name: EventName, *, after: timedelta, is_asked_for: bool = True) -> bool:
    """Whether this event, so long after noon, is written down."""
    event = happened(name, at=NOON + after)
    return note(person, event, is_asked_for=is_asked_for, grain=LOOK_GRAIN)


class TestALook:
    def test_is_noted_the_first_time(self) -> None:
        ada = Person("cus_ada")

        assert noted(ada, PAGE_VIEWED, after=SECOND)
        assert ada.latest == {"Page Viewed": "2026-03-02T12:00:01.000000+00:00"}
        assert ada.last_active_at == NOON + SECOND

    def test_within_a_minute_of_the_one_noted_is_not(self) -> None:
        ada = Person("cus_ada")
        noted(ada, PAGE_VIEWED, after=SECOND)

        assert not noted(ada, PAGE_VIEWED, after=timedelta(seconds=61))
        assert ada.last_active_at == NOON + SECOND

    def test_after_more_than_a_minute_is_noted_again(self) -> None:
        ada = Person("cus_ada")
        noted(ada, PAGE_VIEWED, after=SECOND)

        assert noted(ada, PAGE_VIEWED, after=timedelta(seconds=62))
        assert ada.last_active_at == NOON + timedelta(seconds=62)


class TestACartOrAnOrder:
    def test_is_noted_to_the_moment(self) -> None:
        ada = Person("cus_ada")

        assert noted(ada, PRODUCT_ADDED, after=SECOND)
        assert noted(ada, PRODUCT_ADDED, after=2 * SECOND)
        assert ada.latest["Product Added"] == "2026-03-02T12:00:02.000000+00:00"

    def test_that_comes_late_changes_nothing(self) -> None:
        ada = Person("cus_ada")
        noted(ada, ORDER_COMPLETED, after=2 * SECOND)

        assert not noted(ada, ORDER_COMPLETED, after=SECOND)


class TestAnEventOfTheShopsOwn:
    def test_is_not_noted(self) -> None:
        ada = Person("cus_ada")

        assert not noted(ada, EventName("Quiz Taken"), after=SECOND, is_asked_for=False)
        assert (ada.latest, ada.last_active_at) == ({}, None)
