"""Rows added many at a time."""

from datetime import timedelta, timezone

from sqlalchemy import select

from store import tables
from store.rows import Addition
from store.sessions import Database
from tests.fakes.rows import NOON, ada, identity, keep

NAMES = dict.fromkeys(("kind", "value", "customer_id"), "text")


async def names(database: Database) -> set[tuple[str, str]]:
    """Who is known by which name."""
    async with database.reading() as session:
        found = await session.scalars(select(tables.Identity))
        return {(row.value, row.customer_id) for row in found}


class TestRows:
    async def test_that_are_there_already_are_left_alone(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="4712"))
        await keep(database, identity("cus_ada", "known"))
        addition = Addition("identity", NAMES, then="ON CONFLICT (kind, value) DO NOTHING")
        rows = [("user", "known", "cus_bea"), ("user", "new", "cus_bea")]

        async with database.writing() as session:
            added = await addition.add(session, rows)

        assert added == 1
        assert await names(database) == {("known", "cus_ada"), ("new", "cus_bea")}

    async def test_take_what_is_not_known_for_nothing(self, database: Database) -> None:
        addition = Addition(
            "customer",
            {
                **dict.fromkeys(("id", "external_id"), "text"),
                **dict.fromkeys(("last_active_at", "created_at"), "timestamptz"),
                **dict.fromkeys(("attributes", "consents", "pending", "latest"), "jsonb"),
            },
        )
        in_vienna = NOON.astimezone(timezone(timedelta(hours=1)))
        nothing = ("{}",) * 3

        async with database.writing() as session:
            await addition.add(session, [("cus_1", None, None, in_vienna, '{"a":1}', *nothing)])

        async with database.reading() as session:
            [one] = await session.scalars(select(tables.Customer))
        assert (one.external_id, one.last_active_at, one.created_at) == (None, None, NOON)
        assert one.attributes == {"a": 1}

    async def test_that_are_none_cost_nothing(self, database: Database) -> None:
        async with database.writing() as session:
            assert await Addition("identity", NAMES).add(session, []) == 0
