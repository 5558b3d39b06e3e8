from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Facts
from domain.facts import facts_of, number, products_in, quantity

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    (
        *("order_id", "orderId", "product_id", "sku", "products", "category", "list_id", "query"),
        *("dwell_seconds", "rating", "run_id", "message_id", "quantity"),
    )
)


class TestFacts:
    def test_are_read_from_segments_names(self) -> None:
        facts = facts_of(
            {
                "order_id": " order-1 ",
                "products": [{"product_id": "mug"}, {"sku": "pot"}, {"product_id": "mug"}],
                "category": "Kitchen",
                "query": "blue mug",
                "dwell_seconds": "75",
                "rating": 4,
                "email": "ada@example.org",
            }
        )

        assert facts == Facts(
            order_id="order-1",
            product_ids=("mug", "pot"),
            category="Kitchen",
            query="blue mug",
            dwell_seconds=75,
            rating=4,
        )

    def test_take_a_number_for_an_id(self) -> None:
        assert facts_of({"orderId": 1001, "product_id": 7}) == Facts(
            order_id="1001", product_ids=("7",)
        )

    @pytest.mark.parametrize(
        "properties",
        [
            {"order_id": True},
            {"order_id": ["order-1"]},
            {"order_id": "  "},
            {"products": "mug"},
            {"products": [None, 7, {}, {"product_id": ""}]},
            {"rating": "good"},
            {"rating": float("nan")},
            {"rating": float("inf")},
            {"rating": 10**400},
            {"dwell_seconds": 1e300},
            {"dwell_seconds": -5},
            {"dwell_seconds": 86_401},
        ],
    )
    def test_leave_out_what_cannot_be(self, properties: dict[str, Any]) -> None:
        assert facts_of(properties) == Facts()

    def test_are_cut_short(self) -> None:
        facts = facts_of(
            {
                "order_id": "x" * 10_000,
                "products": [{"product_id": str(number)} for number in range(1_000)],
            }
        )

        assert facts.order_id == "x" * 200
        assert len(facts.product_ids) == 50

    @given(st.dictionaries(names | st.text(), json_values))
    def test_are_found_in_any_json_object(self, properties: dict[str, Any]) -> None:
        facts = facts_of(properties)

        assert len(facts.subject or "") <= 255
        assert Facts.model_validate_json(facts.model_dump_json()) == facts


class TestTheSubject:
    @pytest.mark.parametrize(
        ("properties", "subject"),
        [
            ({"product_id": "mug", "category": "Kitchen", "query": "mug"}, "product:mug"),
            ({"category": "Kitchen", "query": "mug"}, "category:Kitchen"),
            ({"query": "mug"}, "search:mug"),
            ({}, None),
        ],
    )
    def test_is_the_product_else_the_category_else_the_search(
        self, properties: dict[str, str], subject: str | None
    ) -> None:
        assert facts_of(properties).subject == subject


class TestTheProductsOfAnEvent:
    def test_are_its_list(self) -> None:
        listed = {"product_id": "not-this", "products": [{"product_id": "mug"}]}

        assert products_in(listed) == [{"product_id": "mug"}]

    def test_are_itself_when_it_is_about_one(self) -> None:
        assert products_in({"sku": "mug", "price": 5}) == [{"sku": "mug", "price": 5}]


class TestANumber:
    @pytest.mark.parametrize(
        ("value", "found"),
        [(5, 5), ("5.5", 5.5), (True, None), ("", None), (None, None), ([], None), ("inf", None)],
    )
    def test_is_found_in_text_too(self, value: object, found: float | None) -> None:
        assert number(value) == found


class TestAQuantity:
    @pytest.mark.parametrize(
        ("told", "pieces"),
        [(3, 3), ("2", 2), (2.9, 2), (None, 1), (0, 1), (-4, 1), (0.5, 1), (1e300, 1), ("x", 1)],
    )
    def test_is_one_unless_it_can_be_believed(self, told: object, pieces: int) -> None:
        assert quantity({"quantity": told}) == pieces
