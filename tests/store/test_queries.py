"""Queries in the words of both databases."""

from datetime import UTC, datetime, timedelta, timezone

from store.queries import Query, moment_in, object_in
from store.sessions import Database
from tests.fakes.rows import NOON, ada, keep

CUSTOMERS = Query("""
    SELECT id, created_at, last_active_at, CAST(latest AS text), erased_at IS NULL
    FROM customer WHERE id {in_1} ORDER BY id {locked}
""")
MADE_SINCE = Query(
    """
    SELECT id FROM {asked} AS asked JOIN customer
    ON customer.id = asked.ours AND customer.created_at >= asked.since
    """,
    asked={"ours": "text", "since": "timestamptz"},
)
LATER = NOON + timedelta(seconds=1.5)


class TestAQuery:
    async def test_finds_those_that_are_named(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="b"))

        async with database.writing() as session:
            found = await CUSTOMERS.rows(session, ["cus_bea", "cus_o'neill"])

        assert [row[0] for row in found] == ["cus_bea"]

    async def test_finds_nothing_where_nobody_is_named(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            assert await CUSTOMERS.rows(session, []) == []

    async def test_tells_moments_and_objects(self, database: Database) -> None:
        await keep(database, ada(created_at=LATER, latest={"Ürün": "2026"}))

        async with database.writing() as session:
            [(_, created_at, active_at, latest, is_there)] = await CUSTOMERS.rows(
                session, ["cus_ada"]
            )

        moment = moment_in(created_at)
        assert (moment, moment.utcoffset()) == (LATER, timedelta())
        assert moment_in(active_at) is None
        assert object_in(latest) == {"Ürün": "2026"}
        assert is_there


class TestAQueryAboutRows:
    async def test_finds_what_fits_each_of_them(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="b", created_at=LATER))
        in_vienna = LATER.astimezone(timezone(timedelta(hours=1)))

        async with database.writing() as session:
            found = await MADE_SINCE.rows_about(
                session, [("cus_ada", in_vienna), ("cus_bea", in_vienna), ("cus_o'neill", NOON)]
            )

        assert [row[0] for row in found] == ["cus_bea"]

    async def test_finds_nothing_about_none(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            assert await MADE_SINCE.rows_about(session, []) == []


class TestAMoment:
    def test_of_a_whole_second_is_read_too(self) -> None:
        assert moment_in("2026-03-02 12:00:00.000000") == datetime(2026, 3, 2, 12, tzinfo=UTC)
