"""What is recommended, and why the rest is not."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.products import Product, ProductKind
from domain.recommending import (
    Candidate,
    Evidence,
    LeftOut,
    Source,
    Togetherness,
    judge,
    why_not_offered,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TENT = Product("tent", title="Tent", price=Decimal(99), url="https://shop.example/tent")


def product(name: str, **changes: Any) -> Product:
    described = {"title": name.title(), "price": Decimal(5), "url": f"https://shop.example/{name}"}
    return Product(name, **{**described, **changes})


def configured(name: str, **changes: Any) -> Candidate:
    return Candidate(name, Source.CONFIGURED, product(name, **changes))


def counted(together: int, of_product: int, of_complement: int, orders: int) -> Evidence:
    return Evidence(together, of_product, of_complement, orders, NOON)


def left_out(*candidates: Candidate, **known: Any) -> dict[str, LeftOut | None]:
    judged = judge(candidates, given=[TENT], **known)
    return {one.candidate.product_id: one.left_out for one in judged}


class TestEvidence:
    def test_compares_with_chance(self) -> None:
        """Of 100 orders 20 hold a tent and 10 pegs: by chance 2 would hold both; 8 do."""
        evidence = counted(together=8, of_product=20, of_complement=10, orders=100)

        assert (evidence.confidence, evidence.lift) == (0.4, 4.0)


class TestAProductOfferedByMail:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({}, None),
            ({"discontinued_at": NOON}, LeftOut.DISCONTINUED),
            ({"stock": 0}, LeftOut.SOLD_OUT),
            ({"title": None}, LeftOut.NO_TITLE),
            ({"price": None}, LeftOut.NO_PRICE),
            ({"price": Decimal(0)}, None),
            ({"url": None}, LeftOut.NO_URL),
        ],
    )
    def test_can_be_named_priced_reached_and_bought(
        self, changes: dict[str, Any], reason: LeftOut | None
    ) -> None:
        assert why_not_offered(product("pegs", **changes)) == reason


class TestComplements:
    def test_are_judged_once_each_in_their_order(self) -> None:
        found = left_out(configured("pegs"), configured("lamp"), configured("pegs", stock=0))

        assert list(found.items()) == [("pegs", None), ("lamp", None)]

    def test_are_not_the_product_itself(self) -> None:
        assert left_out(Candidate("tent", Source.CONFIGURED, TENT)) == {
            "tent": LeftOut.SAME_PRODUCT
        }

    def test_are_not_the_product_in_another_size(self) -> None:
        big = replace(TENT, id="tent-big", title="TENT ")

        assert left_out(Candidate("tent-big", Source.BOUGHT_TOGETHER, big)) == {
            "tent-big": LeftOut.SAME_PRODUCT
        }

    def test_are_not_one_thing_in_two_sizes(self) -> None:
        found = left_out(configured("lamp-s", title="Lamp"), configured("lamp-l", title="Lamp"))

        assert found == {"lamp-s": None, "lamp-l": LeftOut.SAME_PRODUCT}

    def test_leave_a_size_to_another_that_can_be_bought(self) -> None:
        sold_out = configured("lamp-s", title="Lamp", stock=0)

        found = left_out(sold_out, configured("lamp-l", title="Lamp"))

        assert found == {"lamp-s": LeftOut.SOLD_OUT, "lamp-l": None}

    def test_must_be_known(self) -> None:
        assert left_out(Candidate("?", Source.CONFIGURED, None)) == {"?": LeftOut.UNKNOWN}

    def test_are_not_owned_already_unless_they_are_used_up(self) -> None:
        gas = configured("gas", kind=ProductKind.CONSUMABLE)

        found = left_out(configured("lamp"), gas, owned={"lamp", "gas"})

        assert found == {"lamp": LeftOut.OWNED, "gas": None}

    def test_were_not_bought_only_now(self) -> None:
        gas = configured("gas", kind=ProductKind.CONSUMABLE)

        assert left_out(gas, just_bought={"gas"}) == {"gas": LeftOut.OWNED}

    @pytest.mark.parametrize(
        ("evidence", "reason"),
        [
            (counted(together=3, of_product=10, of_complement=10, orders=100), None),
            (
                counted(together=2, of_product=10, of_complement=10, orders=100),
                LeftOut.TOO_FEW_ORDERS,
            ),
            (
                counted(together=9, of_product=10, of_complement=90, orders=100),
                LeftOut.TOO_LITTLE_LIFT,
            ),
        ],
    )
    def test_stood_in_enough_orders_and_more_than_by_chance(
        self, evidence: Evidence, reason: LeftOut | None
    ) -> None:
        pegs = Candidate("pegs", Source.BOUGHT_TOGETHER, product("pegs"), evidence)

        assert left_out(pegs, rules=Togetherness()) == {"pegs": reason}
