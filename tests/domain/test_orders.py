"""Orders: what becomes of them, whatever is told of them in whatever order."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED, Event
from domain.orders import ORDER_EVENTS, OrderTold, order_after
from tests.fakes.happenings import NOON, happened

TENT, LAMP = {"product_id": "tent"}, {"product_id": "lamp"}


def listed(*products: dict[str, Any], **said: Any) -> Event:
    return happened(ORDER_COMPLETED, order_id="o1", products=list(products), **said)


def refunded(*products: dict[str, Any], **said: Any) -> Event:
    if products:
        said["products"] = list(products)
    return happened(ORDER_REFUNDED, order_id="o1", **said)


def updated(*products: dict[str, Any], at: datetime = NOON, **said: Any) -> Event:
    if products:
        said["products"] = list(products)
    return happened(ORDER_UPDATED, at=at, order_id="o1", **said)


def pieces(*events: Event) -> dict[str, int]:
    return {name: line.quantity for name, line in order_after(events).kept.items()}


class TestAnOrder:
    def test_is_what_its_completion_lists(self) -> None:
        two = {**TENT, "quantity": 2, "price": "99.50"}

        told = order_after([listed(two, LAMP, total=204, currency="eur")])

        assert (told.status, told.total, told.currency) == ("completed", Decimal(204), "EUR")
        assert {name: (line.quantity, line.price) for name, line in told.kept.items()} == {
            "lamp": (1, None),
            "tent": (2, Decimal("99.50")),
        }

    def test_adds_up_what_is_listed_on_several_lines(self) -> None:
        assert pieces(listed(TENT, {**TENT, "quantity": 2})) == {"tent": 3}

    def test_is_what_the_latest_update_lists(self) -> None:
        hour = timedelta(hours=1)
        events = (
            updated(LAMP, at=NOON + 2 * hour),
            listed(TENT),
            updated(TENT, LAMP, at=NOON + hour),
        )

        assert pieces(*events) == {"lamp": 1, "tent": 0}

    def test_keeps_its_products_through_an_update_that_names_none(self) -> None:
        told = order_after([listed(TENT, total=99), updated(total=89)])

        assert told.total == Decimal(89)
        assert told.kept["tent"].quantity == 1

    def test_was_completed_when_its_first_completion_happened(self) -> None:
        told = order_after([listed(TENT), listed(TENT, at=NOON - timedelta(days=1))])

        assert told.completed_at == NOON - timedelta(days=1)


class TestARefund:
    def test_without_more_words_takes_back_the_whole_order(self) -> None:
        assert order_after([listed(TENT, LAMP, total=104), refunded()]).status == "refunded"

    def test_of_some_products_leaves_the_others(self) -> None:
        told = order_after([listed(TENT, LAMP, total=104), refunded(TENT, total=99)])

        assert told.status == "completed"
        assert {name: line.quantity for name, line in told.kept.items()} == {"lamp": 1, "tent": 0}

    def test_of_some_pieces_leaves_the_others(self) -> None:
        three = {**TENT, "quantity": 3}

        assert pieces(listed(three), refunded({**TENT, "quantity": 2})) == {"tent": 1}

    def test_of_a_product_without_a_quantity_takes_back_all_its_pieces(self) -> None:
        assert pieces(listed({**TENT, "quantity": 3}), refunded(TENT)) == {"tent": 0}

    def test_piece_by_piece_takes_back_the_whole_order(self) -> None:
        events = [listed(TENT, LAMP), refunded(TENT), refunded(LAMP)]

        assert order_after(events[:2]).status == "completed"
        assert order_after(events).status == "refunded"

    def test_of_a_part_of_the_money_takes_nothing_back(self) -> None:
        told = order_after([listed(TENT, total=99), refunded(total=10)])

        assert told.status == "completed"
        assert told.kept["tent"].quantity == 1

    def test_of_all_the_money_takes_back_the_whole_order(self) -> None:
        events = [listed(TENT, total=99), refunded(total=-90), refunded(total="9.00")]

        assert order_after(events).status == "refunded"

    @pytest.mark.parametrize("total", [None, 0])
    def test_of_money_takes_back_an_order_of_which_nobody_knows_the_total(
        self, total: int | None
    ) -> None:
        assert order_after([listed(TENT, total=total), refunded(total=10)]).status == "refunded"

    def test_of_everything_listed_takes_back_an_order_told_later(self) -> None:
        events = [refunded(TENT, at=NOON - timedelta(hours=1)), listed(TENT)]

        assert order_after(events[:1]).status == "completed"
        assert order_after(events).status == "refunded"

    def test_of_what_an_update_leaves_takes_back_the_whole_order(self) -> None:
        events = [listed(TENT, LAMP), refunded(TENT), updated(TENT, at=NOON + timedelta(hours=1))]

        assert order_after(events).status == "refunded"


class TestACancellation:
    def test_voids_the_order_for_good(self) -> None:
        cancelled = happened(ORDER_CANCELLED, order_id="o1", products=[TENT])

        told = order_after([cancelled, listed(TENT), updated(TENT, LAMP)])

        assert (told.status, told.is_void) == ("cancelled", True)


described = st.fixed_dictionaries(
    {"product_id": st.sampled_from(["tent", "lamp", "pegs"])},
    optional={"quantity": st.integers(1, 3), "price": st.sampled_from(["9", "9.5"])},
)
properties = st.fixed_dictionaries(
    {"order_id": st.just("o1")},
    optional={
        "products": st.lists(described, max_size=3),
        "total": st.integers(-20, 100),
        "currency": st.sampled_from(["EUR", "usd"]),
    },
)
events = st.builds(
    lambda name, minutes, said: happened(name, at=NOON + timedelta(minutes=minutes), **said),
    st.sampled_from(ORDER_EVENTS),
    st.integers(0, 3),
    properties,
)


class TestWhateverIsTold:
    @given(
        st.lists(events, max_size=6).flatmap(
            lambda told: st.tuples(st.just(told), st.permutations(told))
        )
    )
    def test_comes_to_the_same_in_any_order_of_arrival(
        self, told: tuple[list[Event], list[Event]]
    ) -> None:
        one, other = order_after(told[0]), order_after(told[1])

        assert (one.status, one.total, one.currency) == (other.status, other.total, other.currency)
        assert (one.kept, one.completed_at) == (other.kept, other.completed_at)

    @given(st.lists(events, max_size=6))
    def test_is_read_again_as_it_was_written_down(self, told: list[Event]) -> None:
        order = order_after(told)

        assert OrderTold.model_validate(order.model_dump(mode="json")) == order

    @given(st.lists(events, max_size=6))
    def test_keeps_nothing_of_a_product_refunded_without_a_quantity(
        self, told: list[Event]
    ) -> None:
        order = order_after([*told, refunded(TENT)])

        assert order.kept["tent"].quantity == 0
