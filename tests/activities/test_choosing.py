"""What mails show of products that changed their price, are sold out, gone, or were given back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.choosing import NothingToShow
from domain.events import (
    CART_UPDATED,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    PRODUCT_ADDED,
)
from domain.orders import OrderTold, order_after
from domain.products import Product
from store import tables
from store.products import describe_products, discontinue
from tests.activities.conftest import Desk
from tests.activities.test_composing import Composing, order, product, viewed
from tests.fakes.happenings import happened
from tests.fakes.rows import NOON, event

EARLIER = NOON - timedelta(days=2)


@pytest.fixture
def composing(desk: Desk) -> Composing:
    return Composing(desk)


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


class TestACart:
    async def test_is_shown_at_the_price_of_this_moment(self, composing: Composing) -> None:
        await self.holds(composing, price=99)
        await self.shop_says(composing, price=Decimal(89), stock=2)

        html = await self.html(composing)

        assert "€89.00" in html
        assert "Only 2 left" in html

    async def test_tells_the_price_that_was_seen_when_it_has_dropped(
        self, composing: Composing
    ) -> None:
        await self.holds(composing, price="99.00")
        await self.shop_says(composing, price=Decimal(89))

        assert "was €99.00" in await self.html(composing)

    @pytest.mark.parametrize(
        "seen", [{"price": 89}, {"price": 79}, {"price": 99, "currency": "USD"}, {"price": "cheap"}]
    )
    async def test_tells_no_other_price_than_a_higher_one_in_the_same_money(
        self, composing: Composing, seen: dict[str, Any]
    ) -> None:
        await self.holds(composing, **seen)
        await self.shop_says(composing, price=Decimal(89))

        assert "was €" not in await self.html(composing)

    async def test_tells_what_the_shop_says_that_it_cost_before(self, composing: Composing) -> None:
        await self.holds(composing, price=99)
        await self.shop_says(composing, price=Decimal(89), compare_at_price=Decimal(109))

        assert "was €109.00" in await self.html(composing)

    async def test_shows_last_what_is_sold_out_and_says_so(self, composing: Composing) -> None:
        await composing.desk.has_run()
        await composing.desk.has(
            product("tent", available=False, stock=3), product("lamp"), product("map")
        )
        await self.adds(composing, "tent", "lamp", "map")

        mail = await composing.mail("kept-for-you")

        assert mail.shown == ("lamp", "map", "tent")
        assert mail.mail.html.count("Sold out at the moment") == 1
        assert "Only 3 left" not in mail.mail.html

    async def test_leaves_out_what_was_discontinued(self, composing: Composing) -> None:
        await composing.desk.has_run()
        await composing.desk.has(product("tent"), product("lamp"))
        await self.adds(composing, "tent", "lamp")
        async with composing.desk.database.writing() as session:
            await discontinue(session, "tent", now=NOON)

        assert await composing.shown("kept-for-you") == ["lamp"]

    async def test_in_which_all_is_sold_out_is_no_reason_to_write(
        self, composing: Composing
    ) -> None:
        await composing.desk.has_run()
        await composing.desk.has(product("tent", stock=0), product("lamp", discontinued_at=NOON))
        await self.adds(composing, "tent", "lamp")

        outcome = await composing.desk.sends("kept-for-you")

        assert outcome.reason == "nothing to show: all that is in the cart is sold out"

    async def test_may_hold_what_nobody_knows(self, composing: Composing) -> None:
        await composing.desk.has_run()
        await composing.desk.has(product("tent", stock=0))
        await self.adds(composing, "tent", "unheard-of")

        assert await composing.shown("kept-for-you") == ["tent"]

    async def holds(self, composing: Composing, **seen: Any) -> None:
        await composing.desk.has_run()
        listed = [{"product_id": "tent", **seen}]
        cart = event("cart", name=CART_UPDATED, properties={"products": listed})
        await composing.desk.has(product("tent", price=99), cart)

    @staticmethod
    async def adds(composing: Composing, *products: str) -> None:
        await composing.desk.has(
            *(
                event(
                    name,
                    NOON + timedelta(seconds=n),
                    name=PRODUCT_ADDED,
                    properties={"product_id": name},
                )
                for n, name in enumerate(products)
            )
        )

    @staticmethod
    async def shop_says(composing: Composing, **words: Any) -> None:
        tent = Product("tent", title="The tent", **words)
        async with composing.desk.database.writing() as session:
            await describe_products(session, [tent], now=NOON)

    @staticmethod
    async def html(composing: Composing) -> str:
        return (await composing.mail("kept-for-you")).mail.html


class TestWhatWasLookedAt:
    async def test_is_shown_as_far_as_it_can_be_bought(self, composing: Composing) -> None:
        await self.looked_at_tent_and_lamp(composing)
        await composing.desk.has(product("tent", stock=0), product("lamp"))

        assert await composing.shown("you-looked-at") == ["lamp"]

    async def test_is_no_reason_to_write_once_it_is_sold_out(self, composing: Composing) -> None:
        await self.looked_at_tent_and_lamp(composing)
        await composing.desk.has(product("tent", stock=0), product("lamp", available=False))

        with pytest.raises(NothingToShow, match="all that was looked at is sold out"):
            await composing.mail("last-look")

    @staticmethod
    async def looked_at_tent_and_lamp(composing: Composing) -> None:
        await composing.desk.has_run(journey="browse-abandonment", about={"product_ids": ["tent"]})
        await composing.desk.has(viewed("lamp", EARLIER))


class TestARecommendation:
    @pytest.mark.parametrize(
        "changes",
        [{"price": None}, {"url": None}, {"available": False}, {"discontinued_at": NOON}],
    )
    async def test_can_be_priced_reached_and_bought(
        self, composing: Composing, changes: dict[str, Any]
    ) -> None:
        await composing.desk.has_run(journey="win-back")
        await composing.desk.has(product("tent", **changes), product("lamp"))

        assert await composing.shown("incentive") == ["lamp"]

    async def test_may_be_sold_beyond_the_stock(self, composing: Composing) -> None:
        await composing.desk.has_run(journey="win-back")
        await composing.desk.has(product("tent", stock=0, available=True))

        assert await composing.shown("incentive") == ["tent"]

    async def test_is_new_when_it_was_added_late_not_when_it_was_described_again(
        self, composing: Composing
    ) -> None:
        await composing.desk.has_run(journey="win-back")
        await composing.desk.has(
            product("old", added_at=EARLIER), product("new", added_at=NOON, updated_at=EARLIER)
        )

        assert await composing.shown("incentive") == ["new", "old"]


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
