"""Statements that are a transaction by themselves."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from store import tables
from store.queries import Query
from store.rows import Addition
from store.sessions import Database
from tests.fakes.rows import ada, identity, keep

NAMES = Addition("identity", dict.fromkeys(("kind", "value", "customer_id"), "text"))
PEOPLE = Query("SELECT id FROM customer WHERE id {in_1}")


async def names(database: Database) -> list[str]:
    """By what names somebody is known."""
    async with database.reading() as session:
        return list(await session.scalars(select(col(tables.Identity.value))))


class TestOneStatement:
    async def test_is_a_transaction_by_itself(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing_once() as session:
            await NAMES.add(session, [("user", "new", "cus_ada")])
            is_kept = database.dialect == "sqlite" or await names(database) == ["new"]

        assert is_kept
        assert await names(database) == ["new"]

    async def test_that_fails_changes_nothing(self, database: Database) -> None:
        await keep(database, ada(), identity("cus_ada", "known"))
        twice = [("user", "new", "cus_ada"), ("user", "known", "cus_ada")]

        with pytest.raises(IntegrityError):
            async with database.writing_once() as session:
                await NAMES.add(session, twice)

        assert await names(database) == ["known"]

    async def test_reads_what_was_written_before(self, database: Database) -> None:
        await keep(database, ada())

        async with database.reading_once() as session:
            [found] = await PEOPLE.rows(session, ["cus_ada", "cus_bea"])

        assert tuple(found) == ("cus_ada",)

    @pytest.mark.parametrize("dialect", ["postgresql"])
    async def test_is_begun_and_committed_behind_a_pooler(
        self, database: Database, database_url: str
    ) -> None:
        await keep(database, ada())
        pooled = Database.open(f"{database_url}{'&' if '?' in database_url else '?'}pgbouncer=true")

        async with pooled.writing_once() as session:
            await NAMES.add(session, [("user", "new", "cus_ada")])
            before_the_end = await names(database)

        assert before_the_end == []
        assert await names(database) == ["new"]
        await pooled.close()
