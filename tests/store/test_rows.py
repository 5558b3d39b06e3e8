"""Rows written many at a time."""

from datetime import date, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlmodel import col

from store import tables
from store.people import locked_customers
from store.rows import Addition, Change
from store.sessions import Database
from tests.fakes.rows import NOON, ada, identity, keep, run

NAMES = dict.fromkeys(("kind", "value", "customer_id"), "text")


async def names(database: Database) -> set[tuple[str, str]]:
    """Who is known by which name."""
    async with database.reading() as session:
        found = await session.scalars(select(tables.Identity))
        return {(row.value, row.customer_id) for row in found}


async def locales(database: Database) -> dict[str, str | None]:
    async with database.reading() as session:
        found = await session.scalars(select(tables.Customer))
        return {row.id: row.locale for row in found}


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

    async def test_tell_what_the_database_gave_them_in_their_order(
        self, database: Database
    ) -> None:
        await keep(database, ada(), run("run_1"))
        dispatches = Addition(
            "dispatch",
            {
                **dict.fromkeys(("run_id", "kind", "name"), "text"),
                "payload": "jsonb",
                "attempts": "int",
                "owner": "text",
                **dict.fromkeys(("leased_until", "created_at"), "timestamptz"),
            },
        )
        names = [f"Event {number}" for number in range(20)]
        rows = [("run_1", "signal", name, '{"a":1}', 0, None, NOON, NOON) for name in names]

        async with database.writing() as session:
            ids = await dispatches.add_telling(session, rows, column="id")

        async with database.reading() as session:
            found = await session.scalars(select(tables.Dispatch).order_by(col(tables.Dispatch.id)))
            told = [(row.id, row.name, row.payload, row.owner) for row in found]
        assert told == [(n, name, {"a": 1}, None) for n, name in zip(ids, names, strict=True)]


class TestRowsThatAreThere:
    async def test_change_in_what_is_told_and_nothing_else(self, database: Database) -> None:
        bea = ada(id="cus_bea", external_id="4712", birthday=date(1990, 4, 23))
        await keep(database, ada(last_active_at=NOON), bea)
        types = {"birthday": "date", "last_active_at": "timestamptz", "latest": "jsonb"}
        change = Change("customer", types, key="id")

        async with database.writing() as session:
            await change.make(session, [(date(1815, 12, 10), None, '{"Seen":"then"}', "cus_ada")])

        async with database.reading() as session:
            found = await session.scalars(select(tables.Customer).order_by(col(tables.Customer.id)))
            people = [
                (row.external_id, row.birthday, row.last_active_at, row.latest) for row in found
            ]
        assert people == [
            ("4711", date(1815, 12, 10), None, {"Seen": "then"}),
            ("4712", date(1990, 4, 23), None, {}),
        ]

    async def test_stay_as_they_are_when_none_is_told(self, database: Database) -> None:
        await keep(database, ada(latest={"Seen": "then"}))

        async with database.writing() as session:
            await Change("customer", {"latest": "jsonb"}, key="id").make(session, [])

        async with database.reading() as session:
            [one] = await session.scalars(select(tables.Customer))
        assert one.latest == {"Seen": "then"}

    async def test_stay_as_they_are_where_they_may_not_change(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="4712", locale="de"))
        change = Change("customer", {"locale": "text"}, key="id", only="customer.locale IS NULL")

        async with database.writing() as session:
            await change.make(session, [("fr", "cus_ada"), ("fr", "cus_bea")])

        assert await locales(database) == {"cus_ada": "fr", "cus_bea": "de"}

    @pytest.mark.parametrize("dialect", ["postgresql"])
    async def test_stay_as_they_are_while_somebody_else_holds_them(
        self, database: Database
    ) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="4712"))
        change = Change("customer", {"locale": "text"}, key="id")

        async with database.writing() as holding:
            await locked_customers(holding, ["cus_bea"])
            async with database.writing_once() as session:
                told = [("fr", "cus_ada"), ("fr", "cus_bea")]
                changed = await change.make_if_free(session, told)

        assert changed == {"cus_ada"}
        assert await locales(database) == {"cus_ada": "fr", "cus_bea": None}

    async def test_are_free_also_where_they_may_not_change(self, database: Database) -> None:
        await keep(database, ada(locale="de"))
        change = Change("customer", {"locale": "text"}, key="id", only="customer.locale IS NULL")

        async with database.writing_once() as session:
            free = await change.make_if_free(session, [("fr", "cus_ada")])

        assert free == {"cus_ada"}
        assert await locales(database) == {"cus_ada": "de"}
