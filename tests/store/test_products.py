"""The shop's catalogue."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.products import Product, ProductKind
from store import tables
from store.products import (
    as_product,
    describe_products,
    discontinue,
    kinds_of,
    learn_products,
    list_products,
    products_known,
)
from store.sessions import Database
from tests.fakes.rows import NOON, keep

TOMORROW = NOON + timedelta(days=1)
MUG = Product(
    id="mug",
    title="Mug",
    price=Decimal("12.50"),
    compare_at_price=Decimal(15),
    currency="EUR",
    kind=ProductKind.HARD,
    complements=("saucer",),
    upgrades=("big-mug",),
)


async def described(database: Database, *products: Product) -> tables.Product:
    async with database.writing() as session:
        await describe_products(session, products, now=TOMORROW)
    return await mug_in(database)


async def told(database: Database, *, days: int = 0, **words: Any) -> tables.Product:
    """An event tells of the mug, so many days after noon."""
    unsaid = dict.fromkeys(("title", "category", "price", "currency", "image_url", "url"))
    row = {"id": "mug", "at": NOON + timedelta(days=days), **unsaid, **words}
    async with database.writing() as session:
        await learn_products(session, [row])
    return await mug_in(database)


async def mug_in(database: Database) -> tables.Product:
    async with database.reading() as session:
        return await session.get_one(tables.Product, "mug")


class TestAProduct:
    async def test_is_kept_as_the_shop_describes_it(self, database: Database) -> None:
        mug = await described(database, MUG)

        assert (mug.title, mug.price, mug.kind) == ("Mug", Decimal("12.50"), "hard")
        assert (mug.complements, mug.upgrades) == (["saucer"], ["big-mug"])
        assert (mug.is_described, mug.described) == (True, ["title", "price"])

    async def test_takes_the_place_of_what_the_shop_said_before(self, database: Database) -> None:
        await described(database, MUG)

        mug = await described(database, Product(id="mug", title="Blue mug"))

        assert (mug.title, mug.price, mug.currency, mug.kind) == ("Blue mug", None, None, None)
        assert (mug.complements, mug.upgrades, mug.compare_at_price) == ([], [], None)

    async def test_named_twice_is_kept_as_last_named(self, database: Database) -> None:
        mug = await described(database, MUG, Product(id="mug", title="Blue mug"))

        assert mug.title == "Blue mug"


class TestWhatEventsTell:
    async def test_is_kept_until_a_later_event_says_otherwise(self, database: Database) -> None:
        await told(database, title="mug?", price=Decimal(9), currency="EUR")

        mug = await told(database, days=1, title="mug", price=Decimal(8), currency="USD")

        assert (mug.title, mug.price, mug.currency) == ("mug", Decimal(8), "USD")
        assert (mug.added_at, mug.updated_at) == (NOON, TOMORROW)

    async def test_fills_only_gaps_when_it_comes_late(self, database: Database) -> None:
        await told(database, title="mug")

        mug = await told(database, days=-1, title="mug?", category="Kitchen")

        assert (mug.title, mug.category, mug.updated_at) == ("mug", "Kitchen", NOON)

    async def test_never_takes_the_place_of_the_shops_own_words(self, database: Database) -> None:
        await described(database, MUG)

        mug = await told(database, days=2, title="mug!", price=Decimal(9), currency="USD")

        assert (mug.title, mug.price, mug.currency) == ("Mug", Decimal("12.50"), "EUR")

    async def test_fills_what_the_shop_does_not_say(self, database: Database) -> None:
        await described(database, MUG)
        await told(database, days=-2, image_url="https://shop.example/old.jpg")

        mug = await told(database, days=-1, image_url="https://shop.example/new.jpg")

        assert mug.image_url == "https://shop.example/new.jpg"
        assert mug.updated_at == TOMORROW

    async def test_stays_where_the_shop_describes_the_product_without_it(
        self, database: Database
    ) -> None:
        await told(database, title="mug", image_url="https://shop.example/mug.jpg")

        mug = await described(database, MUG)

        assert (mug.title, mug.image_url) == ("Mug", "https://shop.example/mug.jpg")
        assert mug.added_at == NOON


class TestADiscontinuedProduct:
    async def test_is_no_longer_on_sale_but_still_known(self, database: Database) -> None:
        await described(database, MUG)

        async with database.writing() as session:
            assert await discontinue(session, "mug", now=TOMORROW)

        mug = await told(database, days=3, title="mug")
        assert (mug.title, mug.discontinued_at) == ("Mug", TOMORROW)

    async def test_keeps_the_moment_when_it_is_discontinued_again(self, database: Database) -> None:
        await described(database, MUG)

        for days in (0, 1):
            async with database.writing() as session:
                await discontinue(session, "mug", now=NOON + timedelta(days=days))

        assert (await mug_in(database)).discontinued_at == NOON

    async def test_is_sold_again_once_the_shop_describes_it(self, database: Database) -> None:
        await keep(database, tables.Product(id="mug", updated_at=NOON, discontinued_at=NOON))

        mug = await described(database, MUG)

        assert mug.discontinued_at is None

    async def test_must_be_known(self, database: Database) -> None:
        async with database.writing() as session:
            assert not await discontinue(session, "mug", now=NOON)


class TestKinds:
    async def test_are_the_products_own_or_the_slowest_of_their_category(
        self, database: Database
    ) -> None:
        def sold(name: str, category: str | None = None, kind: str | None = None) -> tables.Product:
            return tables.Product(id=name, category=category, kind=kind, updated_at=NOON)

        await keep(
            database,
            sold("shirt", "clothes", "soft"),
            sold("boots", "clothes", "hard"),
            sold("socks", "clothes"),
            sold("soap", "bath"),
            sold("nameless"),
        )

        async with database.reading() as session:
            kinds = await kinds_of(session, ["shirt", "socks", "soap", "nameless", "unheard-of"])

        assert kinds == {"shirt": "soft", "socks": "hard"}


class TestTheList:
    @pytest.mark.parametrize(("after", "found"), [(None, ["a", "b"]), ("b", ["c"]), ("c", [])])
    async def test_goes_on_behind_a_product(
        self, database: Database, after: str | None, found: list[str]
    ) -> None:
        await keep(database, *(tables.Product(id=name, updated_at=NOON) for name in "cab"))

        async with database.reading() as session:
            page = await list_products(session, after=after, limit=2)

        assert [product.id for product in page] == found


class TestProductsForMails:
    @pytest.mark.parametrize(
        "product",
        [
            MUG,
            Product(id="mug", price=Decimal(3), currency="EUR", stock=0, available=True),
            Product(id="mug", daily_use=Decimal("0.3333"), available=False, stock=2),
        ],
    )
    async def test_are_found_as_their_rows_tell(self, database: Database, product: Product) -> None:
        row = await described(database, product)

        async with database.reading() as session:
            found = await products_known(session, ["mug", "unheard-of"])

        assert found == {"mug": as_product(row)}
        assert found["mug"].available is product.available

    async def test_are_found_as_events_told_of_them(self, database: Database) -> None:
        row = await told(database, title="Mug")
        async with database.writing() as session:
            await discontinue(session, "mug", now=TOMORROW)

        async with database.reading() as session:
            found = await products_known(session, ["mug"])

        assert found == {"mug": replace(as_product(row), discontinued_at=TOMORROW)}
