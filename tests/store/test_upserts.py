"""Inserting rows that may be there already."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlmodel import col

from store import tables
from store.sessions import Database
from store.upserts import add_missing, put
from tests.fakes.rows import NOON, ada, event, keep, values_of

#: What both databases can keep.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)


class TestAddingWhatIsMissing:
    async def test_tells_which_rows_are_new(self, database: Database) -> None:
        await keep(database, ada(), event("known"))
        rows = [values_of(event("known")), values_of(event("new")), values_of(event("new"))]

        async with database.writing() as session:
            added = await add_missing(session, tables.Event, rows, key=["message_id"])

        assert added == {("new",)}

    async def test_takes_thousands_of_rows_at_once(self, database: Database) -> None:
        await keep(database, ada())
        rows = [values_of(event(f"event {number}")) for number in range(5_000)]

        async with database.writing() as session:
            added = await add_missing(session, tables.Event, rows, key=["message_id"])

        assert len(added) == 5_000

    async def test_of_nothing_adds_nothing(self, database: Database) -> None:
        async with database.writing() as session:
            assert await add_missing(session, tables.Event, [], key=["message_id"]) == set()


class TestPutting:
    @given(batches=st.lists(st.lists(st.tuples(st.sampled_from("abc"), texts))))
    @settings(
        max_examples=30,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_lets_the_last_value_of_each_key_hold(
        self, database: Database, batches: list[list[tuple[str, str]]]
    ) -> None:
        async with database.writing() as session:
            await session.execute(delete(tables.Product))
            for batch in batches:
                products = [tables.Product(id=i, title=t, updated_at=NOON) for i, t in batch]
                rows = [values_of(product) for product in products]
                await put(session, tables.Product, rows, key=["id"], change=["title"])

        async with database.reading() as session:
            found = await session.execute(select(col(tables.Product.id), col(tables.Product.title)))
            assert dict(iter(found)) == dict(pair for batch in batches for pair in batch)

    async def test_leaves_columns_alone_that_it_does_not_name(self, database: Database) -> None:
        first = tables.Product(id="mug", title="Mug", stock=3, updated_at=NOON)
        second = tables.Product(id="mug", title="Blue mug", stock=9, updated_at=NOON)

        async with database.writing() as session:
            for product in (first, second):
                rows = [values_of(product)]
                await put(session, tables.Product, rows, key=["id"], change=["title"])

        async with database.reading() as session:
            mug = await session.get_one(tables.Product, "mug")
        assert (mug.title, mug.stock) == ("Blue mug", 3)
