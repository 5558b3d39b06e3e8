from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.conditions import Dwelled, Never, Seen
from domain.consents import ConsentStatus
from domain.entry import ALWAYS, NEVER, Per
from domain.events import (
    CART_EMPTIED,
    CHECKOUT_STARTED,
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    PAGE_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    EventName,
)
from domain.pace import Pace
from domain.routing import ActiveRun, CustomerView, StartRun, refusal, route
from domain.rules import JourneyRules
from tests.fakes.happenings import NOON, happened, minutes
from tests.fakes.journeys import journey
from tests.fakes.routing import ADA, RUN, effects, known, view


class TestStarting:
    def test_follows_from_an_event_of_the_entry(self) -> None:
        assert effects(view(), journey()) == [("browse", "")]
        assert effects(happened(PAGE_VIEWED), journey()) == []

    def test_happens_in_every_journey_that_the_event_starts(self) -> None:
        found = effects(view(), journey(), journey("other"), journey("third", on=(PAGE_VIEWED,)))

        assert found == [("browse", ""), ("other", "")]

    @pytest.mark.parametrize(
        "customer",
        [
            known(has_address=False),
            known(consents={}),
            known(consents={"marketing": ["sms"]}),
            known(consents={"newsletter": ["email"]}),
        ],
    )
    def test_needs_an_address_and_consent(self, customer: CustomerView) -> None:
        assert effects(view(), journey(), customer=customer) == []

    @pytest.mark.parametrize("name", [PRODUCT_ADDED, PRODUCT_VIEWED])
    @pytest.mark.parametrize(
        ("properties", "starts"),
        [
            ({"product_id": "mug"}, True),
            ({"products": [{"product_id": "mug"}]}, True),
            ({}, False),
            ({"price": 12.5, "product_id": " "}, False),
            ({"products": []}, False),
        ],
    )
    def test_needs_a_product_where_the_event_is_about_one(
        self, name: EventName, properties: dict[str, Any], *, starts: bool
    ) -> None:
        found = effects(happened(name, **properties), journey(on=(name,), listens=()))

        assert bool(found) is starts

    def test_needs_no_product_where_the_cart_is_known_already(self) -> None:
        cart = journey("cart", on=(CHECKOUT_STARTED,))

        assert effects(happened(CHECKOUT_STARTED, total=90), cart) == [("cart", "")]

    def test_does_not_happen_while_the_journey_is_paused(self) -> None:
        assert effects(view(), journey(is_paused=True)) == []

    def test_happens_one_run_at_a_time(self) -> None:
        assert effects(view(), journey(), runs=[RUN]) == []
        assert effects(view(), journey(), runs=[replace(RUN, journey="other")]) == [("browse", "")]

    @pytest.mark.parametrize(
        ("age", "starts"), [(timedelta(days=1), True), (timedelta(days=1, seconds=1), False)]
    )
    def test_needs_a_fresh_event(self, age: timedelta, *, starts: bool) -> None:
        found = effects(view(), journey(), now=NOON + age)

        assert bool(found) is starts

    def test_measures_freshness_at_the_pace_of_a_demonstration(self) -> None:
        late = NOON + timedelta(minutes=2)

        assert effects(view(), journey(), now=late, pace=Pace(1_440)) == []
        assert effects(view(), journey(), now=late, pace=Pace(60)) == [("browse", "")]

    def test_keeps_the_freshness_that_the_journey_sets(self) -> None:
        rules = journey(fresh_for=timedelta(days=7))

        assert effects(view(), rules, now=NOON + timedelta(days=6)) == [("browse", "")]

    @pytest.mark.parametrize(
        ("ended_at", "starts"),
        [(NOON - minutes(1), True), (NOON, False), (NOON + minutes(1), False)],
    )
    def test_does_not_happen_when_the_end_came_before_the_beginning(
        self, ended_at: datetime, *, starts: bool
    ) -> None:
        customer = known(latest={ORDER_COMPLETED: ended_at})

        found = effects(view(), journey(), customer=customer, now=NOON + minutes(2))

        assert bool(found) is starts

    def test_does_not_mind_what_the_story_listens_to_but_is_not_ended_by(self) -> None:
        rules = journey(listens=(ORDER_COMPLETED, EMAIL_LINK_CLICKED), ends_on=(ORDER_COMPLETED,))
        customer = known(latest={EMAIL_LINK_CLICKED: NOON + minutes(1)})

        found = effects(view(), rules, customer=customer, now=NOON + minutes(2))

        assert found == [("browse", "")]

    def test_may_follow_from_an_event_that_the_story_also_ends_on(self) -> None:
        rules = journey(ends_on=(PRODUCT_VIEWED,))

        assert effects(view(), rules) == [("browse", "")]

    def test_does_not_mind_a_later_event_that_the_journey_does_not_know(self) -> None:
        customer = known(latest={CART_EMPTIED: NOON + minutes(1)})

        assert effects(view(), journey(), customer=customer) == [("browse", "")]


class TestAsking:
    """A journey that asks for the confirmation of a consent."""

    asking = journey(consent=ConsentStatus.PENDING)

    @pytest.mark.parametrize(
        ("consents", "pending", "starts"),
        [
            ({}, {"marketing": ["email"]}, True),
            ({"marketing": ["email"]}, {}, False),
            ({}, {"marketing": ["sms"]}, False),
            ({}, {}, False),
        ],
    )
    def test_starts_only_where_one_waits(
        self, consents: dict[str, list[str]], pending: dict[str, list[str]], *, starts: bool
    ) -> None:
        customer = known(consents=consents, pending=pending)

        assert bool(effects(view(), self.asking, customer=customer)) is starts

    def test_is_refused_with_what_to_do(self) -> None:
        found = refusal(self.asking, ADA, [], key="", at=NOON, pace=Pace())

        assert found is not None
        assert found.code == "nothing-to-confirm"
        assert "once it is recorded with double opt-in switched on" in found.message


class TestWhatNeverHappened:
    @pytest.mark.parametrize(("latest", "starts"), [({}, True), ({ORDER_COMPLETED: NOON}, False)])
    def test_lets_in_only_who_has_not_done_it(
        self, latest: dict[str, datetime], *, starts: bool
    ) -> None:
        rules = journey(when=Never(ORDER_COMPLETED), listens=())

        found = effects(view(at=NOON + minutes(1)), rules, customer=known(latest=latest))

        assert bool(found) is starts

    def test_needs_no_earlier_events(self) -> None:
        rules = journey(when=Never(ORDER_COMPLETED))

        assert rules.entry.memory(rules.settings) == timedelta()


class TestEnteringAgain:
    @pytest.mark.parametrize(
        ("again_after", "last_entry", "starts"),
        [
            (NEVER, timedelta(days=1_000), False),
            (ALWAYS, timedelta(seconds=1), True),
            (ALWAYS, timedelta(), True),
            (ALWAYS, timedelta(seconds=-1), False),
            (timedelta(days=14), timedelta(days=14), True),
            (timedelta(days=14), timedelta(days=13, hours=23), False),
        ],
    )
    def test_is_never_always_or_after_some_days(
        self, again_after: timedelta | None, last_entry: timedelta, *, starts: bool
    ) -> None:
        customer = known(entries={("browse", ""): NOON - last_entry})

        found = effects(view(), journey(again_after=again_after), customer=customer)

        assert bool(found) is starts

    def test_comes_sooner_at_the_pace_of_a_demonstration(self) -> None:
        customer = known(entries={("browse", ""): NOON - minutes(15)})
        rules = journey(again_after=timedelta(days=14))

        assert effects(view(), rules, customer=customer, pace=Pace(1_440)) == [("browse", "")]
        assert effects(view(), rules, customer=customer, pace=Pace(1_000)) == []

    def test_is_counted_per_order(self) -> None:
        rules = journey(on=(ORDER_COMPLETED,), listens=(), per=Per.ORDER, again_after=NEVER)
        customer = known(entries={("browse", "order-1"): NOON - timedelta(days=1)})

        first = effects(happened(ORDER_COMPLETED, order_id="order-1"), rules, customer=customer)
        second = effects(happened(ORDER_COMPLETED, order_id="order-2"), rules, customer=customer)

        assert (first, second) == ([], [("browse", "order-2")])


class TestARefusal:
    @pytest.mark.parametrize(
        ("rules", "customer", "runs", "code"),
        [
            (journey(is_paused=True), known(), (), "journey-paused"),
            (journey(), known(has_address=False), (), "no-address"),
            (journey(), known(consents={}), (), "no-consent"),
            (journey(), known(), (RUN,), "already-running"),
            (
                journey(again_after=NEVER),
                known(entries={("browse", ""): NOON}),
                (),
                "already-entered",
            ),
            (
                journey(again_after=timedelta(days=14)),
                known(entries={("browse", ""): NOON}),
                (),
                "too-soon",
            ),
        ],
    )
    def test_says_which_rule_and_what_to_do(
        self, rules: JourneyRules, customer: CustomerView, runs: Sequence[ActiveRun], code: str
    ) -> None:
        found = refusal(rules, customer, runs, key="", at=NOON, pace=Pace())

        assert found is not None
        assert found.code == code
        assert found.message.endswith(".")

    def test_is_none_when_nothing_stands_against_it(self) -> None:
        assert refusal(journey(), ADA, (), key="", at=NOON, pace=Pace()) is None


class TestALook:
    rules = journey(when=Dwelled(60))

    def test_is_long_enough_when_the_shop_measured_so(self) -> None:
        assert effects(view(dwell_seconds=60), self.rules) == [("browse", "")]
        assert effects(view(dwell_seconds=59), self.rules) == []
        assert effects(view(), self.rules) == []

    def test_is_known_to_be_over_by_the_next_event(self) -> None:
        look = view(at=NOON - minutes(2))

        found = route(
            happened(PAGE_VIEWED),
            ADA,
            [],
            {"browse": self.rules},
            now=NOON,
            pace=Pace(),
            past=[look],
        )

        assert found == (StartRun("browse", "", look),)

    @pytest.mark.parametrize(
        ("lasted", "starts"), [(0.5, False), (1, True), (30, True), (31, False)]
    )
    def test_is_neither_a_glance_nor_a_forgotten_tab(self, lasted: float, *, starts: bool) -> None:
        look = view(at=NOON - minutes(lasted))

        found = effects(happened(PAGE_VIEWED), self.rules, past=[look])

        assert bool(found) is starts

    def test_ended_by_another_event_is_not_measured_by_a_third(self) -> None:
        past = view(at=NOON - minutes(2)), happened(PAGE_VIEWED, at=NOON - minutes(1.9))

        assert effects(happened(PAGE_VIEWED), self.rules, past=past) == []

    def test_does_not_start_what_the_next_event_ends(self) -> None:
        look = view(at=NOON - minutes(2))

        assert effects(happened(ORDER_COMPLETED), self.rules, past=[look]) == []

    def test_may_count_with_earlier_ones(self) -> None:
        rules = journey(when=Seen(times=2, within=timedelta(days=7)))
        earlier = view(at=NOON - timedelta(days=3))

        assert effects(view(), rules, past=[earlier]) == [("browse", "")]
