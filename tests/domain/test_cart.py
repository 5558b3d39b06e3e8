from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cart import CART_EVENTS, cart_after, empties
from domain.events import (
    CART_EMPTIED,
    CART_UPDATED,
    CART_VIEWED,
    CHECKOUT_STARTED,
    ORDER_COMPLETED,
    PRODUCT_ADDED,
    PRODUCT_REMOVED,
    PRODUCT_VIEWED,
    Event,
    EventName,
)
from tests.fakes.happenings import NOON, happened

MUG: dict[str, Any] = {"product_id": "mug"}
POT: dict[str, Any] = {"product_id": "pot", "quantity": 2}

descriptions = st.fixed_dictionaries(
    {"product_id": st.sampled_from(("mug", "pot", "cup"))},
    optional={"quantity": st.integers() | st.floats() | st.text() | st.none()},
)
cart_events = st.builds(
    lambda name, properties: happened(name, **properties),
    st.sampled_from(CART_EVENTS),
    descriptions | st.fixed_dictionaries({"products": st.lists(descriptions, max_size=4)}),
)


def cart(*events: Event) -> dict[str, int]:
    return cart_after(events).items


class TestACart:
    def test_holds_what_was_added(self) -> None:
        items = cart(happened(PRODUCT_ADDED, **MUG), happened(PRODUCT_ADDED, **POT))

        assert items == {"mug": 1, "pot": 2}

    def test_adds_up_the_same_product(self) -> None:
        assert cart(happened(PRODUCT_ADDED, **POT), happened(PRODUCT_ADDED, **POT)) == {"pot": 4}

    def test_loses_what_was_removed(self) -> None:
        items = cart(happened(PRODUCT_ADDED, **POT), happened(PRODUCT_REMOVED, product_id="pot"))

        assert items == {"pot": 1}

    def test_holds_nothing_less_than_nothing(self) -> None:
        items = cart(happened(PRODUCT_REMOVED, **POT), happened(PRODUCT_ADDED, **MUG))

        assert items == {"mug": 1}

    def test_is_what_an_event_lists_whole(self) -> None:
        for whole in (CART_VIEWED, CART_UPDATED, CHECKOUT_STARTED):
            items = cart(happened(PRODUCT_ADDED, **MUG), happened(whole, products=[POT]))

            assert items == {"pot": 2}

    def test_stays_when_an_event_lists_nothing(self) -> None:
        assert cart(happened(PRODUCT_ADDED, **MUG), happened(CHECKOUT_STARTED)) == {"mug": 1}

    def test_is_empty_after_an_order_or_when_it_was_emptied(self) -> None:
        for end in (ORDER_COMPLETED, CART_EMPTIED):
            assert cart(happened(PRODUCT_ADDED, **MUG), happened(end, products=[POT])) == {}

    def test_does_not_mind_what_was_only_looked_at(self) -> None:
        assert cart(happened(PRODUCT_ADDED, **MUG), happened(PRODUCT_VIEWED, **POT)) == {"mug": 1}

    @given(st.lists(cart_events, max_size=20))
    def test_never_holds_less_than_one_of_anything(self, events: list[Event]) -> None:
        assert all(quantity >= 1 for quantity in cart(*events).values())

    @given(st.lists(cart_events, max_size=20), descriptions)
    def test_is_forgotten_by_an_order_whatever_came_before(
        self, events: list[Event], added: dict[str, Any]
    ) -> None:
        order = happened(ORDER_COMPLETED, at=NOON + timedelta(hours=1))
        addition = happened(PRODUCT_ADDED, **added)

        assert cart(*events, order, addition) == cart(addition)


class TestEmptying:
    full = happened(PRODUCT_ADDED, **MUG)

    @pytest.mark.parametrize(
        ("name", "properties", "is_emptied"),
        [
            (PRODUCT_REMOVED, {"product_id": "mug"}, True),
            (PRODUCT_REMOVED, {"product_id": "pot"}, False),
            (CART_UPDATED, {"products": []}, True),
            (CART_UPDATED, {"products": [{"product_id": "pot"}]}, False),
            (CART_UPDATED, {"products": [{"title": "without an id"}]}, False),
            (CART_UPDATED, {"products": None}, False),
            (CART_UPDATED, {}, False),
        ],
    )
    def test_is_taking_out_the_last(
        self, name: EventName, properties: dict[str, Any], *, is_emptied: bool
    ) -> None:
        assert empties(happened(name, **properties), [self.full]) is is_emptied

    def test_of_a_cart_that_nobody_knew_is_not_assumed(self) -> None:
        assert not empties(happened(PRODUCT_REMOVED, **MUG), [])
        assert not empties(happened(CART_UPDATED), [])

    def test_is_believed_when_it_is_said(self) -> None:
        assert empties(happened(CART_UPDATED, products=[]), [])
