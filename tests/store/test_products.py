"""The shop's catalogue."""

from datetime import timedelta
from decimal import Decimal

from domain.products import Product, ProductKind
from store import tables
from store.products import describe_products
from store.sessions import Database
from tests.fakes.rows import NOON, keep

MUG = Product(
    id="mug",
    title="Mug",
    price=Decimal("12.50"),
    currency="EUR",
    kind=ProductKind.HARD,
    complements=("saucer",),
)


async def described(database: Database, *products: Product) -> tables.Product:
    async with database.writing() as session:
        await describe_products(session, products, now=NOON + timedelta(days=1))
    async with database.reading() as session:
        return await session.get_one(tables.Product, "mug")


class TestAProduct:
    async def test_is_kept_as_the_shop_describes_it(self, database: Database) -> None:
        mug = await described(database, MUG)

        assert (mug.title, mug.price, mug.kind) == ("Mug", Decimal("12.50"), "hard")
        assert (mug.complements, mug.is_described) == (["saucer"], True)

    async def test_takes_the_place_of_what_events_told(self, database: Database) -> None:
        await keep(database, tables.Product(id="mug", title="mug?", stock=1, updated_at=NOON))

        mug = await described(database, MUG)

        assert (mug.title, mug.stock, mug.is_described) == ("Mug", None, True)
        assert mug.updated_at == NOON + timedelta(days=1)

    async def test_named_twice_is_kept_as_last_named(self, database: Database) -> None:
        mug = await described(database, MUG, Product(id="mug", title="Blue mug"))

        assert mug.title == "Blue mug"
