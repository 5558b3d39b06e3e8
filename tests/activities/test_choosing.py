"""What mails show of products that changed their price, are sold out or gone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.choosing import NothingToShow
from domain.events import (
    CART_UPDATED,
    PRODUCT_ADDED,
)
from domain.products import Product
from store.products import describe_products, discontinue
from tests.activities.conftest import Composing
from tests.fakes.rows import NOON, event, product, viewed

EARLIER = NOON - timedelta(days=2)


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
