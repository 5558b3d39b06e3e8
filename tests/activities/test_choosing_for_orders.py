"""What mails show of an order, and what goes well with it."""

from datetime import timedelta
from typing import Any

import pytest

from activities.choosing import NothingToShow
from domain.events import (
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
)
from domain.orders import OrderTold, order_after
from store import tables
from tests.activities.conftest import Composing
from tests.fakes.happenings import happened
from tests.fakes.rows import NOON, event, order, product


def told_of(*events: Any) -> OrderTold:
    return order_after(events)


def order_row(told: OrderTold, order_id: str = "o1") -> list[Any]:
    """An order as it is kept once this was told of it."""
    row = tables.Order(
        id=order_id,
        customer_id="cus_ada",
        status=told.status,
        completed_at=told.completed_at,
        updated_at=NOON,
        told=told.model_dump(mode="json"),
    )
    items = [
        tables.OrderItem(order_id=order_id, product_id=name, quantity=line.quantity)
        for name, line in told.kept.items()
    ]
    return [row, *items]


def ordered(*products: str) -> Any:
    return happened(ORDER_COMPLETED, order_id="o1", products=[{"product_id": p} for p in products])


def given_back(*products: str) -> Any:
    return happened(
        ORDER_REFUNDED,
        order_id="o1",
        products=[{"product_id": p} for p in products],
    )


class TestAnOrder:
    async def test_is_shown_without_what_was_given_back(self, composing: Composing) -> None:
        await self.delivered(composing, "tent", "lamp")
        await composing.desk.has(*order_row(told_of(ordered("tent", "lamp"), given_back("tent"))))

        assert await composing.shown("how-was-it") == ["lamp"]

    async def test_is_not_asked_about_once_all_that_was_delivered_was_given_back(
        self, composing: Composing
    ) -> None:
        await self.delivered(composing, "tent")
        await composing.desk.has(*order_row(told_of(ordered("tent", "lamp"), given_back("tent"))))

        outcome = await composing.desk.sends("how-was-it")

        assert outcome.reason == "nothing to show: all that was ordered was given back"

    async def test_is_shown_with_what_was_exchanged_later(self, composing: Composing) -> None:
        later = happened(
            ORDER_UPDATED,
            at=NOON + timedelta(hours=1),
            order_id="o1",
            products=[{"product_id": "lamp"}],
        )
        await self.run_of(composing, "o1", "tent")
        await composing.desk.has(
            order("o1", "tent", at=NOON), *order_row(told_of(ordered("tent"), later))
        )

        assert await composing.shown("how-was-it") == ["lamp"]

    async def delivered(self, composing: Composing, *products: str) -> None:
        await self.run_of(composing, "parcel", *products)
        await composing.desk.has(event("parcel", name=ORDER_DELIVERED))

    @staticmethod
    async def run_of(composing: Composing, started_by: str, *products: str) -> None:
        about = {"order_id": "o1", "product_ids": list(products)}
        await composing.desk.has_run(
            journey="review-request", key="o1", about=about, started_by=started_by
        )
        await composing.desk.has(product("tent"), product("lamp"))


class TestComplements:
    async def test_are_what_is_bought_together_after_what_the_shop_names(
        self, composing: Composing
    ) -> None:
        await self.order_of_a_tent(composing)
        await composing.desk.has(
            product("tent", complements=["lamp"]),
            *map(product, ("lamp", "pegs", "map")),
            self.pair("map", 3),
            self.pair("pegs", 5),
            self.pair("lamp", 9),
        )

        assert await composing.shown("goes-well-with") == ["lamp", "pegs", "map"]

    async def test_are_nothing_that_the_customer_owns(self, composing: Composing) -> None:
        await self.order_of_a_tent(composing)
        await composing.desk.has(
            product("tent", complements=["lamp", "pegs"]),
            product("lamp"),
            product("pegs"),
            *order_row(told_of(ordered("lamp")), "o0"),
        )

        assert await composing.shown("goes-well-with") == ["pegs"]

    async def test_go_with_what_was_kept_of_the_order(self, composing: Composing) -> None:
        await self.order_of_a_tent(composing, "boots")
        await composing.desk.has(
            product("tent", complements=["pegs"]),
            product("boots", complements=["wax"]),
            product("pegs"),
            product("wax"),
            *order_row(told_of(ordered("tent", "boots"), given_back("tent"))),
        )

        assert await composing.shown("goes-well-with") == ["wax"]

    async def test_are_owed(self, composing: Composing) -> None:
        await self.order_of_a_tent(composing)
        await composing.desk.has(product("tent"))

        with pytest.raises(NothingToShow, match="nothing to show: no complements"):
            await composing.mail("goes-well-with")

    @staticmethod
    def pair(complement: str, together: int) -> tables.BoughtTogether:
        return tables.BoughtTogether(
            product_id="tent",
            complement_id=complement,
            orders_together=together,
            orders_of_product=10,
            orders_of_complement=10,
            orders=100,
            computed_at=NOON,
        )

    @staticmethod
    async def order_of_a_tent(composing: Composing, *others: str) -> None:
        about = {"order_id": "o1", "product_ids": ["tent", *others]}
        await composing.desk.has_run(journey="cross-sell", key="o1", about=about, started_by="o1")
        await composing.desk.has(order("o1", "tent", *others, at=NOON))
