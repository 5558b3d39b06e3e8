"""What is bought together, as counted over a shop's orders."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.recommending import Evidence, Togetherness
from store import tables
from store.bought_together import (
    Pair,
    bought_with,
    count_companions,
    count_pairs,
    forget_pairs,
    keep_pairs,
)
from store.sessions import Database
from tests.fakes.rows import NOON, ada, keep

SINCE = NOON - timedelta(days=180)
TENT_WITH_PEGS = Pair("tent", "pegs", 3, 4, 3, 6)


@pytest.fixture
async def shop(database: Database) -> "Shop":
    await keep(database, ada())
    return Shop(database)


class Shop:
    """Writes orders down, and counts."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = count(1)

    async def sold(self, *products: str, times: int = 1, **changes: Any) -> None:
        """An order of these products, so many times."""
        for _ in range(times):
            order = f"o{next(self._numbers)}"
            moments = {"completed_at": NOON, "updated_at": NOON}
            items = [tables.OrderItem(order_id=order, product_id=name) for name in products]
            row = tables.Order(id=order, customer_id="cus_ada", **(moments | changes))
            await keep(self.database, row, *items)

    async def counts(self, *, min_lift: float = 1, **rules: Any) -> dict[tuple[str, str], int]:
        """How many orders held both, for the pairs that pass."""
        async with self.database.reading() as session:
            asked = Togetherness(min_lift=min_lift, **rules)
            pairs = await count_pairs(session, asked, since=SINCE)
        return {(pair.product_id, pair.complement_id): pair.orders_together for pair in pairs}


class TestCounting:
    async def test_tells_how_often_two_products_stood_in_the_same_orders(self, shop: Shop) -> None:
        await shop.sold("tent", "pegs", times=3)
        await shop.sold("tent")
        await shop.sold("hat", times=2)

        async with shop.database.reading() as session:
            pairs = await count_pairs(session, Togetherness(), since=SINCE)

        assert sorted(pairs) == [Pair("pegs", "tent", 3, 3, 4, 6), TENT_WITH_PEGS]

    async def test_asks_for_enough_orders(self, shop: Shop) -> None:
        await shop.sold("tent", "pegs", times=3)
        await shop.sold("tent", "lamp", times=2)

        assert await shop.counts() == {("tent", "pegs"): 3, ("pegs", "tent"): 3}
        assert ("tent", "lamp") in await shop.counts(min_orders=2)

    async def test_asks_for_more_than_chance(self, shop: Shop) -> None:
        """Everybody buys a bag: it goes with nothing."""
        await shop.sold("tent", "pegs", "bag", times=3)
        await shop.sold("hat", "bag", times=3)

        pairs = await shop.counts(min_lift=1.5)

        assert pairs == {("tent", "pegs"): 3, ("pegs", "tent"): 3}

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "refunded"},
            {"status": "cancelled"},
            {"completed_at": SINCE - timedelta(seconds=1)},
            {"completed_at": None},
        ],
    )
    async def test_leaves_out_orders_that_were_not_kept_or_are_old(
        self, shop: Shop, changes: dict[str, Any]
    ) -> None:
        await shop.sold("tent", "pegs", times=2)
        await shop.sold("tent", "pegs", **changes)

        assert await shop.counts() == {}

    async def test_leaves_out_what_was_refunded_of_an_order(self, shop: Shop) -> None:
        await shop.sold("tent", "pegs", times=2)
        await shop.sold("tent")
        await keep(shop.database, tables.OrderItem(order_id="o3", product_id="pegs", quantity=0))

        assert await shop.counts() == {}

    async def test_leaves_out_bulk_orders(self, shop: Shop) -> None:
        await shop.sold(*(f"p{n}" for n in range(51)), times=3)
        await shop.sold(*(f"q{n}" for n in range(50)), times=3)

        pairs = await shop.counts()

        assert {product[0] for pair in pairs for product in pair} == {"q"}

    async def test_keeps_the_twenty_most_frequent_of_a_product(self, shop: Shop) -> None:
        await shop.sold("tent", *(f"p{n}" for n in range(10, 32)), times=3)
        await shop.sold("tent", *(f"p{n}" for n in range(12, 32)))

        pairs = await shop.counts()

        best = {complement for product, complement in pairs if product == "tent"}
        assert best == {f"p{n}" for n in range(12, 32)}


class TestWhatIsKept:
    async def test_is_told_with_its_evidence_the_strongest_first(self, database: Database) -> None:
        await self.kept(database, Pair("tent", "lamp", 4, 8, 5, 90))
        await self.kept(database, Pair("tent", "hat", 1, 8, 5, 90), Pair("mug", "hat", 3, 3, 5, 90))

        found = await self.found(database, "tent", "mug", "unheard-of")

        assert list(found.items()) == [
            ("hat", Evidence(3, 3, 5, 90, NOON)),
            ("lamp", Evidence(4, 8, 5, 90, NOON)),
        ]

    async def test_is_replaced_by_the_next_count(self, database: Database) -> None:
        tomorrow = NOON + timedelta(days=1)
        await self.kept(database, TENT_WITH_PEGS, Pair("tent", "hat", 3, 4, 3, 6))

        await self.kept(database, Pair("tent", "pegs", 5, 9, 9, 60), at=tomorrow)
        async with database.writing() as session:
            await forget_pairs(session, computed_before=tomorrow)

        assert await self.found(database, "tent") == {"pegs": Evidence(5, 9, 9, 60, tomorrow)}

    @staticmethod
    async def kept(database: Database, *pairs: Pair, at: datetime = NOON) -> None:
        async with database.writing() as session:
            await keep_pairs(session, pairs, now=at)

    @staticmethod
    async def found(database: Database, *ids: str) -> dict[str, Evidence]:
        async with database.reading() as session:
            return await bought_with(session, ids)


class TestCompanions:
    async def test_are_all_that_ever_stood_in_the_same_orders(self, shop: Shop) -> None:
        await shop.sold("tent", "pegs", times=2)
        await shop.sold("tent", "lamp")
        await shop.sold("lamp", "hat")
        await shop.sold("tent", "hat", status="refunded")

        found = await self.found(shop)

        assert list(found.items()) == [
            ("pegs", Evidence(2, 3, 2, 4, NOON)),
            ("lamp", Evidence(1, 3, 2, 4, NOON)),
        ]

    async def test_are_none_of_what_nobody_bought(self, shop: Shop) -> None:
        await shop.sold("hat")

        assert await self.found(shop) == {}

    @staticmethod
    async def found(shop: Shop) -> dict[str, Evidence]:
        async with shop.database.reading() as session:
            return await count_companions(session, "tent", since=SINCE, now=NOON, limit=9)
