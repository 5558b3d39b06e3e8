from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.entry import Per
from domain.events import (
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
    EventName,
    Facts,
)
from domain.pace import Pace
from domain.routing import SignalRun, route
from tests.fakes.happenings import NOON, happened, minutes
from tests.fakes.journeys import journey
from tests.fakes.routing import ADA, RUN, effects, known, view


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


def test_the_world_of_a_route_is_not_changed_by_it() -> None:
    entries: Mapping[tuple[str, str], datetime] = {}

    effects(view(), journey(), customer=known(entries=entries))

    assert entries == {}
