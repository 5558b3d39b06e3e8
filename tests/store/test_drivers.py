"""Statements past SQLAlchemy: part of the session's transaction, and told of like all others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.errors import Invalid, Unavailable
from store.drivers import PostgresqlDriver
from store.overtaking import Overtaken, overtaking_noticed
from store.sessions import AsyncSession, Database, driver_of
from tests.fakes.relay import Relay
from tests.fakes.rows import ada, keep

postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])

IDS = "SELECT id FROM customer"
ADDING = {
    True: "INSERT INTO identity (kind, value, customer_id) VALUES (?, ?, ?)",
    False: "INSERT INTO identity (kind, value, customer_id) SELECT * FROM"
    " unnest($1::text[], $2::text[], $3::text[])",
}


async def add(session: AsyncSession, *values: str) -> int:
    """Know ada by these names from now on."""
    driver, rows = driver_of(session), [("user", value, "cus_ada") for value in values]
    if driver.is_sqlite:
        return await driver.change_each(ADDING[True], rows)
    return await driver.change(ADDING[False], [*zip(*rows, strict=True)])


async def copy(session: AsyncSession, *values: str) -> None:
    """The same, by PostgreSQL's COPY."""
    driver = driver_of(session)
    assert isinstance(driver, PostgresqlDriver)
    rows = [("user", value, "cus_ada") for value in values]
    await driver.copy("identity", ("kind", "value", "customer_id"), rows)


async def in_one(database: Database, *steps: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Take these steps in one transaction."""
    async with database.writing() as session:
        for step in steps:
            await step(session)


async def fail(_: AsyncSession) -> None:
    """Something goes wrong."""
    raise LookupError


async def execute(database: Database, statement: str) -> None:
    """Execute a statement in a transaction of its own."""
    async with database.writing() as session:
        await session.execute(text(statement))


async def names(database: Database) -> list[str]:
    """By what names somebody is known."""
    async with database.reading() as session:
        found = await driver_of(session).fetch("SELECT value FROM identity ORDER BY value", ())
    return [value for (value,) in found]


async def how_many(session: AsyncSession) -> tuple[int, int]:
    """By how many names somebody is known, asked past SQLAlchemy and by it."""
    counting = "SELECT count(*) FROM identity"
    [(found,)] = await driver_of(session).fetch(counting, ())
    return found, await session.scalar(text(counting)) or 0


async def known_during(
    database: Database, adding: Callable[..., Awaitable[object]]
) -> tuple[int, int]:
    """By how many names somebody is known, asked while 2,000 are being added."""
    await keep(database, ada())
    async with database.writing() as session:
        await how_many(session)
        added = asyncio.ensure_future(adding(session, *(str(n) for n in range(2_000))))
        await asyncio.sleep(0)  # the database has it
        known = await how_many(session)
        await added
    return known


class TestAStatement:
    async def test_finds_what_its_session_has_written(self, database: Database) -> None:
        async with database.writing() as session:
            session.add(ada())
            await session.flush()
            found = await driver_of(session).fetch(IDS, ())

        assert [tuple(row) for row in found] == [("cus_ada",)]

    async def test_tells_how_many_rows_it_changed(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            assert await add(session, "4711", "4712") == 2

        assert await names(database) == ["4711", "4712"]

    async def test_is_taken_back_with_its_session(self, database: Database) -> None:
        await keep(database, ada())

        with pytest.raises(LookupError):
            await in_one(database, lambda session: add(session, "4711"), fail)

        assert await names(database) == []

    async def test_that_somebody_was_faster_with_is_noticed(self, database: Database) -> None:
        await keep(database, ada())

        with pytest.raises(Overtaken), overtaking_noticed():
            async with database.writing() as session:
                await add(session, "4711", "4711")

    async def test_names_no_person_when_something_is_wrong(self, database: Database) -> None:
        with pytest.raises(IntegrityError) as refused:
            async with database.writing() as session:
                await add(session, "Augusta Ada King")

        assert "Augusta Ada King" not in str(refused.value)

    async def test_with_half_a_character_is_refused(self, database: Database) -> None:
        await keep(database, ada())

        with pytest.raises(Invalid, match="half a character"):
            await in_one(database, lambda session: add(session, "47\ud800"))

    async def test_is_not_executed_once_its_session_has_ended(self, database: Database) -> None:
        async with database.writing() as session:
            pass

        with pytest.raises(KeyError):
            driver_of(session)

    async def test_waits_for_the_one_that_is_under_way(self, database: Database) -> None:
        assert await known_during(database, add) == (2_000, 2_000)

    async def test_says_so_when_the_schema_is_missing(self, database: Database) -> None:
        with pytest.raises(Unavailable, match="run `dormouse migrate`"):
            await in_one(
                database,
                lambda session: driver_of(session).fetch("SELECT 1", ()),
                lambda session: driver_of(session).fetch("SELECT * FROM of_next_year", ()),
            )


@postgresql_alone
class TestCopiedRows:
    async def test_are_added(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            await copy(session, "4711", "4712")

        assert await names(database) == ["4711", "4712"]

    async def test_are_there_for_whoever_asks_meanwhile(self, database: Database) -> None:
        assert await known_during(database, copy) == (2_000, 2_000)

    async def test_are_taken_back_with_their_session(self, database: Database) -> None:
        await keep(database, ada())

        with pytest.raises(LookupError):
            await in_one(database, lambda session: copy(session, "4711"), fail)

        assert await names(database) == []

    async def test_of_which_one_is_known_are_not_added(self, database: Database) -> None:
        await keep(database, ada())

        with pytest.raises(Overtaken):
            async with database.writing() as session:
                await copy(session, "4711", "4711")

        assert await names(database) == []

    @pytest.mark.parametrize("unstorable", ["47\x0011", "47\ud800"])
    async def test_with_a_text_that_cannot_be_kept_are_refused(
        self, database: Database, unstorable: str
    ) -> None:
        await keep(database, ada())

        with pytest.raises(Invalid, match="holds a NUL or half a character"):
            await in_one(database, lambda session: copy(session, unstorable))

    async def test_name_no_person_when_something_is_wrong(self, database: Database) -> None:
        with pytest.raises(IntegrityError) as refused:
            async with database.writing() as session:
                await copy(session, "Augusta Ada King")

        assert "Augusta Ada King" not in str(refused.value)


@postgresql_alone
class TestAServer:
    @pytest.mark.parametrize("adding", [add, copy])
    async def test_that_falls_silent_is_given_up(
        self, database_url: str, adding: Callable[..., Awaitable[Any]]
    ) -> None:
        async with Relay.to(database_url) as relay:
            database = Database.open(relay.url, answers_within=0.5)
            await keep(database, ada())

            async def write() -> None:
                async with database.writing() as session:
                    await driver_of(session).fetch(IDS, ())
                    relay.falls_silent()
                    await adding(session, "4711")

            with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
                await asyncio.wait_for(write(), timeout=10)

            relay.speaks_again()
            assert await names(database) == []
            await database.close()

    @pytest.mark.parametrize("adding", [add, copy])
    async def test_that_falls_silent_keeps_nobody_who_is_cancelled(
        self, database_url: str, adding: Callable[..., Awaitable[Any]]
    ) -> None:
        async with Relay.to(database_url) as relay:
            database = Database.open(relay.url, answers_within=30)
            await keep(database, ada())

            async def fall_silent(session: AsyncSession) -> None:
                await driver_of(session).fetch(IDS, ())
                relay.falls_silent()

            writing = in_one(database, fall_silent, lambda session: adding(session, "4711"))
            given_up = asyncio.create_task(asyncio.wait_for(writing, timeout=0.2))
            ended, _ = await asyncio.wait({given_up}, timeout=5)

            relay.speaks_again()
            assert ended == {given_up}
            with pytest.raises(TimeoutError):
                await given_up
            assert await names(database) == []
            await database.close()

    @pytest.mark.parametrize("adding", [add, copy])
    async def test_that_ends_the_session_is_told_of(
        self, database: Database, adding: Callable[..., Awaitable[Any]]
    ) -> None:
        await keep(database, ada())

        async def end(session: AsyncSession) -> None:
            [(number,)] = await driver_of(session).fetch("SELECT pg_backend_pid()", ())
            await execute(database, f"SELECT pg_terminate_backend({number})")

        with pytest.raises(Unavailable, match=r"does not answer|stopping or starting"):
            await in_one(database, end, lambda session: adding(session, "4711"))

        assert await names(database) == []

    async def test_whose_tables_were_changed_meanwhile_is_asked_anew(self, bare_url: str) -> None:
        database = Database.open(bare_url)
        await execute(database, "CREATE TABLE note (told TEXT)")

        async def notes() -> Sequence[Any]:
            async with database.writing() as session:
                await driver_of(session).fetch("SELECT 1", ())
                return await driver_of(session).fetch("SELECT * FROM note", ())

        assert await notes() == []
        await execute(database, "ALTER TABLE note ADD COLUMN at TIMESTAMPTZ")
        with pytest.raises(Overtaken):
            await notes()

        assert await notes() == []
        await database.close()
