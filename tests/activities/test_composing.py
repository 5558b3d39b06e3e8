"""What mails show: products by their source, and offers as long as they last."""

from datetime import timedelta
from typing import Any

import pytest

from activities.choosing import SOURCES, NothingToShow
from domain.events import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCTS_SEARCHED
from domain.messages import StepStatus
from sending.rendering import Templates
from tests.activities.conftest import Composing
from tests.fakes.rows import NOON, event, order, product, viewed

EARLIER = NOON - timedelta(days=2)
LATER = NOON + timedelta(hours=1)


class TestSources:
    def test_are_there_for_every_mail_that_shows_something(self, templates: Templates) -> None:
        declared = {templates.shows(*step) for step in templates.steps()} - {None}

        assert declared == SOURCES.keys()


class TestViewed:
    async def run_about(self, composing: Composing, **about: Any) -> None:
        await composing.desk.has_run(journey="browse-abandonment", about=about)

    async def test_is_what_started_the_run_and_then_what_was_seen_last(
        self, composing: Composing
    ) -> None:
        await self.run_about(composing, product_ids=["tent"])
        await composing.desk.has(
            *map(product, ("tent", "lamp", "boots", "map")),
            viewed("lamp", EARLIER),
            viewed("boots", NOON),
            viewed("lamp", EARLIER - timedelta(hours=1)),
            viewed("map", NOON - timedelta(days=8)),
        )

        assert await composing.shown("you-looked-at") == ["tent", "boots", "lamp"]

    async def test_is_of_the_category_that_was_looked_at(self, composing: Composing) -> None:
        await self.run_about(composing, category="tents")
        await composing.desk.has(
            product("old", category="tents", updated_at=EARLIER),
            product("new", category="tents"),
            product("gone", category="tents", stock=0),
            product("lamp", category="lamps"),
        )

        assert await composing.shown("you-looked-at") == ["new", "old"]

    async def test_is_what_has_every_word_that_was_searched(self, composing: Composing) -> None:
        await self.run_about(composing, query="light TENT 100%")
        await composing.desk.has(
            product("a", title="Light tent 100"),
            product("b", title="Light 100", category="Tents"),
            product("c", title="Heavy tent 100"),
            event("searched", name=PRODUCTS_SEARCHED, properties={"query": "light tent"}),
        )

        mail = await composing.mail("you-looked-at")

        assert list(mail.shown) == ["a", "b"]
        assert "light TENT 100%" in mail.mail.text

    async def test_is_four_products_at_most_and_none_without_a_title(
        self, composing: Composing
    ) -> None:
        await self.run_about(composing, product_ids=["nameless"])
        await composing.desk.has(
            product("nameless", title=None),
            *map(product, "abcde"),
            *(viewed(name, NOON - timedelta(minutes=n)) for n, name in enumerate("abcde")),
        )

        assert await composing.shown("you-looked-at") == ["a", "b", "c", "d"]


class TestCart:
    async def test_is_what_is_in_it_now_with_how_many(self, composing: Composing) -> None:
        await composing.desk.has_run()
        added = [
            event(f"{n}", NOON - timedelta(hours=5 - n), name=name, properties=properties)
            for n, (name, properties) in enumerate(
                [
                    (PRODUCT_ADDED, {"product_id": "map"}),
                    (ORDER_COMPLETED, {"order_id": "o1"}),
                    (PRODUCT_ADDED, {"product_id": "tent", "quantity": 2}),
                    (PRODUCT_ADDED, {"product_id": "lamp"}),
                ]
            )
        ]
        await composing.desk.has(
            *added, product("map"), product("lamp"), product("tent", price=99, currency="EUR")
        )

        mail = await composing.mail("kept-for-you")

        assert list(mail.shown) == ["tent", "lamp"]
        assert "2 \N{MULTIPLICATION SIGN} €99.00" in mail.mail.html

    @pytest.mark.parametrize("stock", [1, 5])
    async def test_tells_how_few_are_left(self, composing: Composing, stock: int) -> None:
        html = await self.html_of_a_cart(composing, stock)

        assert f"Only {stock} left" in html

    @pytest.mark.parametrize("stock", [None, 6])
    async def test_tells_no_stock_that_is_none_or_many(
        self, composing: Composing, stock: int | None
    ) -> None:
        html = await self.html_of_a_cart(composing, stock)

        assert "The tent" in html
        assert "left</span>" not in html

    async def html_of_a_cart(self, composing: Composing, stock: int | None) -> str:
        await composing.desk.has_run()
        await composing.desk.has(
            product("tent", stock=stock),
            event("added", name=PRODUCT_ADDED, properties={"product_id": "tent"}),
        )
        return (await composing.mail("kept-for-you")).mail.html

    async def test_tells_no_stock_that_was_told_days_ago(self, composing: Composing) -> None:
        composing.desk.clock.passes(days=4)

        html = await self.html_of_a_cart(composing, 3)

        assert "left</span>" not in html


class TestOrder:
    async def test_is_what_was_ordered(self, composing: Composing) -> None:
        about = {"order_id": "o1", "product_ids": ["tent", "lamp"]}
        await composing.desk.has_run(journey="review-request", key="o1", about=about)
        await composing.desk.has(product("lamp"), product("tent", stock=0), product("map"))

        assert await composing.shown("how-was-it") == ["tent", "lamp"]


class TestComplements:
    async def test_go_well_with_the_order_and_were_not_bought(self, composing: Composing) -> None:
        await self.order_of_a_tent(composing, "pegs", "lamp", "gone", "map")
        await composing.desk.has(
            *map(product, ("pegs", "lamp", "map")), product("gone", stock=0), order("o2", "lamp")
        )

        assert await composing.shown("goes-well-with") == ["pegs", "map"]

    async def test_are_shown_first_when_no_earlier_mail_has_shown_them(
        self, composing: Composing
    ) -> None:
        await self.order_of_a_tent(composing, *"abcdef")
        await composing.desk.has(*map(product, "abcdef"))

        shown = await composing.shown("follow-up", already_shown=("a", "b", "c", "d"))

        assert shown == ["e", "f", "a", "b"]

    async def test_are_owed_or_the_mail_does_not_leave(self, composing: Composing) -> None:
        await self.order_of_a_tent(composing, "gone")
        await composing.desk.has(product("gone", stock=0))

        outcome = await composing.desk.sends("goes-well-with")

        reason = "nothing to show: complements left out: 1 sold-out, 1 same-product"
        assert (outcome.status, outcome.reason) == (StepStatus.SKIPPED, reason)
        assert (await composing.desk.message()).reason == reason
        assert composing.desk.postbox.attempts == 0

    async def order_of_a_tent(self, composing: Composing, *complements: str) -> None:
        about = {"order_id": "o1", "product_ids": ["tent"]}
        await composing.desk.has_run(journey="cross-sell", key="o1", about=about, started_by="o1")
        await composing.desk.has(
            product("tent", complements=[*complements, "tent"]), order("o1", "tent", at=NOON)
        )


class TestSimilar:
    async def test_is_of_the_same_category_new_and_in_stock(self, composing: Composing) -> None:
        await composing.desk.has_run(journey="browse-abandonment", about={"product_ids": ["tent"]})
        await composing.desk.has(
            product("tent", category="tents"),
            product("lamp", category="lamps"),
            product("gone", category="tents", stock=0),
            product("seen", category="tents"),
            product("old", category="tents", updated_at=EARLIER),
            product("new", category="tents"),
        )

        assert await composing.shown("similar-products", already_shown=("seen",)) == ["new", "old"]

    async def test_is_owed_by_the_mail(self, composing: Composing) -> None:
        await composing.desk.has_run(journey="browse-abandonment", about={"product_ids": ["tent"]})
        await composing.desk.has(product("tent", category="tents"), product("lamp"))

        with pytest.raises(NothingToShow):
            await composing.mail("similar-products")


class TestNew:
    async def test_is_the_newest_in_stock_that_the_run_has_not_shown(
        self, composing: Composing
    ) -> None:
        await composing.desk.has_run(journey="win-back")
        days = enumerate("abcdefg")
        await composing.desk.has(
            *(product(name, updated_at=NOON - timedelta(days=n)) for n, name in days),
            product("gone", stock=0),
        )

        assert await composing.shown("incentive", already_shown=("a", "c")) == ["b", "d", "e", "f"]

    async def test_may_be_missing(self, composing: Composing) -> None:
        await composing.desk.has_run(journey="win-back")

        assert await composing.shown("we-miss-you") == []


class TestBoughtSince:
    async def test_is_what_was_bought_of_the_products_shown(self, composing: Composing) -> None:
        await self.bought(composing, "pegs", "lamp")

        shown = await composing.shown("how-do-you-like-it", already_shown=("lamp", "map"))

        assert shown == ["lamp"]

    async def test_is_not_what_the_run_began_with(self, composing: Composing) -> None:
        await self.bought(composing, "pegs", "lamp")

        assert await composing.shown("how-do-you-like-it") == ["pegs", "lamp"]

    async def bought(self, composing: Composing, *products: str) -> None:
        await composing.desk.has_run(journey="cross-sell", key="o1", started_by="o1")
        await composing.desk.has(
            *map(product, ("tent", "pegs", "lamp")),
            order("o1", "tent", at=NOON),
            order("o2", *products),
        )
