"""Which events may matter to somebody, as far as they are known at the door."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.events import (
    CART_UPDATED,
    ORDER_COMPLETED,
    PAGE_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    UNSUBSCRIBED,
    EventName,
)
from domain.pace import Pace
from domain.routing import ActiveRun
from intake.relevance import Relevance
from store.intake import Runs
from store.people import Person
from tests.fakes.happenings import NOON, happened
from workflows.catalogue import CATALOGUE

VISITOR = Person(id="cus_visitor")
READER = Person(id="cus_reader", email="reader@example.org", consents={"marketing": ["email"]})
BROWSING = "browse-abandonment"


def may_matter(
    name: EventName,
    person: Person,
    runs: Runs | None = None,
    *,
    is_history: bool = False,
) -> bool:
    relevance = Relevance.under(CATALOGUE, pace=Pace(), now=NOON)
    event = happened(name, is_history=is_history, product_id="mug")
    return relevance.may_matter(event, person, runs or Runs())


def in_journey(journey: str, *, entered_before: timedelta) -> Runs:
    """The runs of somebody who is in this journey."""
    runs = Runs()
    runs.enter(ActiveRun("run_1", journey, "", NOON - entered_before))
    return runs


class TestALook:
    @pytest.mark.parametrize("name", [PAGE_VIEWED, PRODUCT_VIEWED])
    def test_by_a_visitor_without_an_address_does_not_matter(self, name: EventName) -> None:
        assert not may_matter(name, VISITOR)

    @pytest.mark.parametrize("name", [PAGE_VIEWED, PRODUCT_VIEWED])
    def test_by_somebody_who_may_enter_a_journey_matters(self, name: EventName) -> None:
        assert may_matter(name, READER)

    def test_without_consent_does_not_matter(self) -> None:
        assert not may_matter(PRODUCT_VIEWED, replace(READER, consents={"marketing": []}))

    def test_by_somebody_who_is_in_the_journey_already_does_not_matter(self) -> None:
        runs = in_journey(BROWSING, entered_before=timedelta(hours=1))

        assert not may_matter(PRODUCT_VIEWED, READER, runs)

    def test_so_soon_after_the_journey_does_not_matter(self) -> None:
        runs = Runs(entries={(BROWSING, ""): NOON - timedelta(days=13)})

        assert not may_matter(PRODUCT_VIEWED, READER, runs)

    def test_long_after_the_journey_matters_again(self) -> None:
        runs = Runs(entries={(BROWSING, ""): NOON - timedelta(days=15)})

        assert may_matter(PRODUCT_VIEWED, READER, runs)

    def test_matters_to_a_run_that_listens_to_it_whoever_it_is(self) -> None:
        runs = in_journey("win-back", entered_before=timedelta(days=1))

        assert may_matter(PAGE_VIEWED, VISITOR, runs)

    def test_of_history_does_not_matter(self) -> None:
        assert not may_matter(PRODUCT_VIEWED, READER, is_history=True)

    def test_matters_not_to_a_run_of_a_journey_that_is_no_more(self) -> None:
        runs = in_journey("no-more", entered_before=timedelta(days=1))

        assert not may_matter(PAGE_VIEWED, VISITOR, runs)


class TestWhatTellsMore:
    @pytest.mark.parametrize("name", [CART_UPDATED, ORDER_COMPLETED, UNSUBSCRIBED])
    @pytest.mark.parametrize("is_history", [False, True])
    def test_matters_whoever_it_is(self, name: EventName, *, is_history: bool) -> None:
        assert may_matter(name, VISITOR, is_history=is_history)


class TestAProductInTheCart:
    def test_does_not_matter_where_nobody_may_write(self) -> None:
        assert not may_matter(PRODUCT_ADDED, VISITOR)

    def test_matters_to_somebody_who_may_enter_a_journey(self) -> None:
        assert may_matter(PRODUCT_ADDED, READER)

    def test_matters_to_a_run_that_listens_to_it_whoever_it_is(self) -> None:
        runs = in_journey(BROWSING, entered_before=timedelta(hours=1))

        assert may_matter(PRODUCT_ADDED, VISITOR, runs)


class TestAnEventOfTheShopsOwn:
    def test_does_not_matter_to_a_visitor(self) -> None:
        assert not may_matter(EventName("Pop-up Email Viewed"), VISITOR)

    def test_matters_where_it_shows_that_a_look_is_over(self) -> None:
        assert may_matter(EventName("Pop-up Email Viewed"), READER)
