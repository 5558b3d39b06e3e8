from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.entry import ALWAYS, NEVER, Dwelled, Per, Seen
from domain.events import (
    CART_EMPTIED,
    EMAIL_BOUNCED,
    EMAIL_LINK_CLICKED,
    EMAIL_MARKED_AS_SPAM,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PAGE_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_REVIEWED,
    PRODUCT_VIEWED,
    UNSUBSCRIBED,
    WITHDRAWALS,
    Event,
    EventName,
    Facts,
)
from domain.pace import Pace
from domain.routing import ActiveRun, CustomerView, SignalRun, StartRun, refusal, route
from domain.rules import JourneyRules
from tests.fakes.happenings import NOON, happened, minutes
from tests.fakes.journeys import journey

ADA = CustomerView(id="cus_ada", has_address=True, consents={"marketing": ["email"]})
RUN = ActiveRun("run_1", "browse", "", entered_at=NOON - timedelta(days=1), started_by="first")


def effects(
    event: Event,
    *rules: JourneyRules,
    customer: CustomerView = ADA,
    runs: Sequence[ActiveRun] = (),
    past: Sequence[Event] = (),
    now: datetime | None = None,
    pace: Pace = Pace(),  # noqa: B008 - a frozen value
) -> list[Any]:
    found = route(
        event,
        replace(customer, latest={event.name: event.happened_at, **customer.latest}),
        runs,
        {one.name: one for one in rules},
        now=now or event.happened_at,
        pace=pace,
        past=[*past, event],
    )
    return [(e.journey, e.key) if isinstance(e, StartRun) else e.run_id for e in found]


def view(**properties: Any) -> Event:
    return happened(PRODUCT_VIEWED, product_id="mug", **properties)


def known(**changes: Any) -> CustomerView:
    return replace(ADA, **changes)


class TestSignals:
    def test_reach_a_run_that_listens(self) -> None:
        event = happened(ORDER_COMPLETED)

        found = route(event, ADA, [RUN], {"browse": journey()}, now=NOON, pace=Pace())

        assert found == (SignalRun("run_1", event),)

    @pytest.mark.parametrize(
        ("name", "listens", "is_told"),
        [
            (ORDER_COMPLETED, (ORDER_COMPLETED,), True),
            (ORDER_COMPLETED, (PRODUCT_ADDED,), False),
            (PAGE_VIEWED, (ORDER_COMPLETED,), False),
            (EventName("Order completed"), (ORDER_COMPLETED,), False),
        ],
    )
    def test_reach_only_runs_that_listen(
        self, name: EventName, listens: tuple[EventName, ...], *, is_told: bool
    ) -> None:
        found = effects(happened(name), journey(listens=listens), runs=[RUN])

        assert found == (["run_1"] if is_told else [])

    def test_do_not_reach_a_run_from_before_its_entry(self) -> None:
        before = happened(ORDER_COMPLETED, at=RUN.entered_at - timedelta(microseconds=1))

        assert effects(before, journey(), runs=[RUN], now=NOON) == []

    def test_reach_a_run_however_late_when_they_are_from_after_its_entry(self) -> None:
        purchase = happened(ORDER_COMPLETED, at=RUN.entered_at)

        assert effects(purchase, journey(), runs=[RUN], now=NOON + timedelta(days=30)) == ["run_1"]

    def test_do_not_tell_a_run_what_started_it(self) -> None:
        start = happened(ORDER_COMPLETED, event_id="first")

        assert effects(start, journey(), runs=[RUN]) == []

    @pytest.mark.parametrize("name", WITHDRAWALS)
    def test_of_a_withdrawal_reach_every_run_whenever_it_happened(self, name: EventName) -> None:
        other = replace(RUN, id="run_2", journey="cart")
        rules = journey(listens=()), journey("cart", listens=())
        event = happened(name, at=RUN.entered_at - timedelta(days=1))

        assert effects(event, *rules, runs=[RUN, other], now=NOON) == ["run_1", "run_2"]

    def test_do_not_reach_runs_of_a_journey_that_is_gone(self) -> None:
        assert effects(happened(UNSUBSCRIBED), runs=[RUN]) == []

    @pytest.mark.parametrize("name", [ORDER_COMPLETED, PRODUCT_VIEWED, UNSUBSCRIBED])
    def test_and_starts_never_come_from_history(self, name: EventName) -> None:
        event = happened(name, is_history=True)

        assert effects(event, journey(), journey("other"), runs=[RUN]) == []


class TestAMailEvent:
    rules = journey(listens=(EMAIL_LINK_CLICKED,))
    other = replace(RUN, id="run_2")

    def test_reaches_the_run_that_sent_the_mail(self) -> None:
        click = happened(EMAIL_LINK_CLICKED, run_id="run_2")

        assert effects(click, self.rules, runs=[RUN, self.other]) == ["run_2"]

    def test_reaches_its_run_though_the_providers_clock_is_slow(self) -> None:
        click = happened(EMAIL_LINK_CLICKED, run_id="run_1", at=RUN.entered_at - minutes(1))

        assert effects(click, self.rules, runs=[RUN, self.other], now=NOON) == ["run_1"]

    def test_from_before_a_run_does_not_reach_it_when_it_names_none(self) -> None:
        click = happened(EMAIL_LINK_CLICKED, at=RUN.entered_at - minutes(1))

        assert effects(click, self.rules, runs=[RUN], now=NOON) == []

    def test_reaches_every_run_when_nobody_knows_whose_mail_it_was(self) -> None:
        click = happened(EMAIL_LINK_CLICKED)

        assert effects(click, self.rules, runs=[RUN, self.other]) == ["run_1", "run_2"]

    @pytest.mark.parametrize("name", [EMAIL_BOUNCED, EMAIL_MARKED_AS_SPAM, UNSUBSCRIBED])
    def test_that_withdraws_reaches_every_run(self, name: EventName) -> None:
        event = happened(name, run_id="run_2")

        assert effects(event, self.rules, runs=[RUN, self.other]) == ["run_1", "run_2"]

    def test_is_told_from_an_order_that_happens_to_name_some_run(self) -> None:
        order = happened(ORDER_COMPLETED, run_id="the shop's own batch 7")

        assert effects(order, journey(), runs=[RUN]) == ["run_1"]


class TestTheRunOfAnOrder:
    rules = journey("cross-sell", listens=(ORDER_COMPLETED, ORDER_REFUNDED), per=Per.ORDER)
    run = replace(RUN, journey="cross-sell", key="order-1")

    @pytest.mark.parametrize(
        ("name", "order_id", "is_told"),
        [
            (ORDER_REFUNDED, "order-1", True),
            (ORDER_REFUNDED, "order-2", False),
            (ORDER_REFUNDED, None, False),
            (ORDER_COMPLETED, "order-2", True),
            (ORDER_COMPLETED, "order-1", False),
        ],
    )
    def test_is_told_of_its_own_refund_and_of_other_orders(
        self, name: EventName, order_id: str | None, *, is_told: bool
    ) -> None:
        found = effects(happened(name, order_id=order_id), self.rules, runs=[self.run])

        assert found == (["run_1"] if is_told else [])

    @pytest.mark.parametrize(("product", "is_told"), [("mug", True), ("pot", False), (None, True)])
    def test_is_told_of_reviews_of_what_was_ordered(
        self, product: str | None, *, is_told: bool
    ) -> None:
        rules = journey("cross-sell", listens=(PRODUCT_REVIEWED,), per=Per.ORDER)
        run = replace(self.run, about=Facts(product_ids=("mug", "cup")))

        found = effects(happened(PRODUCT_REVIEWED, product_id=product), rules, runs=[run])

        assert found == (["run_1"] if is_told else [])

    def test_starts_once_per_order(self) -> None:
        rules = journey("cross-sell", on=(ORDER_COMPLETED,), listens=(), per=Per.ORDER)
        second = happened(ORDER_COMPLETED, order_id="order-2")

        assert effects(second, rules, runs=[self.run]) == [("cross-sell", "order-2")]
        assert effects(happened(ORDER_COMPLETED, order_id="order-1"), rules, runs=[self.run]) == []

    def test_does_not_start_for_an_order_without_an_id(self) -> None:
        rules = journey("cross-sell", on=(ORDER_COMPLETED,), per=Per.ORDER)

        assert effects(happened(ORDER_COMPLETED), rules) == []


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

    def test_does_not_mind_a_later_event_that_the_journey_does_not_know(self) -> None:
        customer = known(latest={CART_EMPTIED: NOON + minutes(1)})

        assert effects(view(), journey(), customer=customer) == [("browse", "")]


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


def test_the_world_of_a_route_is_not_changed_by_it() -> None:
    entries: Mapping[tuple[str, str], datetime] = {}

    effects(view(), journey(), customer=known(entries=entries))

    assert entries == {}
