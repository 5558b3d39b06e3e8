"""How transactions end: all that was written is kept or nothing is, and none stays open."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, PendingRollbackError

from domain.errors import Unavailable
from store.sessions import AsyncSession, Database, driver_of
from tests.fakes.friends import (
    are_all_over,
    friends,
    is_cancelled,
    meet,
    silence,
    told,
    write,
)
from tests.fakes.relay import Relay
from tests.fakes.rows import ada, identity, keep

postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])


class TestATransaction:
    async def test_keeps_what_objects_and_statements_wrote(self, database: Database) -> None:
        async with database.writing() as session:
            session.add(ada())
            await session.flush()
            await told(session, "UPDATE customer SET external_id = 'a' RETURNING id")
            session.add(identity("cus_ada", "a"))

        async with database.reading() as session:
            assert await told(session, "SELECT external_id FROM customer") == [("a",)]
            assert await told(session, "SELECT value FROM identity") == [("a",)]

    async def test_keeps_what_its_session_still_holds(self, database: Database) -> None:
        async with database.writing() as session:
            session.add(ada())

        async with database.reading() as session:
            assert await told(session, "SELECT id FROM customer") == [("cus_ada",)]

    async def test_takes_back_what_objects_and_statements_wrote(self, database: Database) -> None:
        await keep(database, ada())

        async def write_and_fail() -> None:
            async with database.writing() as session:
                await told(session, "UPDATE customer SET external_id = 'a' RETURNING id")
                session.add(identity("cus_ada", "a"))
                await session.flush()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write_and_fail()

        async with database.reading() as session:
            assert await told(session, "SELECT external_id FROM customer") == [("4711",)]
            assert await told(session, "SELECT value FROM identity") == []
        assert await are_all_over(database)

    async def test_may_have_nothing_to_do(self, known: Database) -> None:
        async with known.writing(), known.reading():
            pass

        assert await are_all_over(known)

    async def test_is_not_committed_before_its_end(self, known: Database) -> None:
        async def commit(session: AsyncSession) -> None:
            await session.commit()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write(known, meet, commit)

        assert await friends(known) == []

    async def test_is_taken_back_by_its_end_alone(self, known: Database) -> None:
        with pytest.raises(InvalidRequestError, match="Let an error leave the session's block"):
            await write(known, meet, lambda session: session.rollback())

        assert await friends(known) == []

    async def test_is_over_for_whoever_comes_late(self, known: Database) -> None:
        async with known.writing() as session:
            driver = driver_of(session)

        with pytest.raises(DBAPIError, match="has lost its connection"):
            await driver.fetch("INSERT INTO friend VALUES (7, 7) RETURNING id", ())

        assert await friends(known) == []

    async def test_that_cannot_be_committed_keeps_nothing(self, known: Database) -> None:
        with pytest.raises(IntegrityError):
            await write(known, lambda session: meet(session, 1, 2))

        assert await friends(known) == []
        assert await are_all_over(known)

    async def test_whose_objects_failed_is_not_committed(self, database: Database) -> None:
        async def write_two() -> None:
            async with database.writing() as session:
                session.add(ada())
                await session.flush()
                session.add(identity("cus_nobody", "a"))
                with suppress(IntegrityError):
                    await session.flush()

        with pytest.raises(PendingRollbackError):
            await write_two()

        async with database.reading() as session:
            assert await told(session, "SELECT id FROM customer") == []

    @postgresql_alone
    async def test_of_which_a_statement_failed_is_not_committed(self, known: Database) -> None:
        async def fail(session: AsyncSession) -> None:
            with suppress(IntegrityError):
                await meet(session)

        with pytest.raises(PendingRollbackError, match="nothing of its transaction is kept"):
            await write(known, meet, fail)

        assert await friends(known) == []


class TestReading:
    async def test_by_statements_sees_one_state(self, known: Database) -> None:
        async with known.reading() as session:
            before = await told(session, "SELECT id FROM friend")
            await write(known, meet)
            after = await told(session, "SELECT id FROM friend")

        assert (before, after) == ([], [])
        assert await are_all_over(known)

    async def test_by_statements_cannot_change_anything(self, known: Database) -> None:
        with pytest.raises(Unavailable, match="read-only"):
            async with known.reading() as session:
                await meet(session)

    @postgresql_alone
    async def test_in_order_to_change_sees_what_was_committed_meanwhile(
        self, known: Database
    ) -> None:
        async with known.writing() as session:
            before = await told(session, "SELECT id FROM friend")
            await write(known, meet)
            after = await told(session, "SELECT id FROM friend")

        assert (before, after) == ([], [(1,)])


class TestACancelledTransaction:
    async def test_is_taken_back(self, known: Database) -> None:
        assert await is_cancelled(write(known, meet, lambda _: asyncio.sleep(60)))

        assert await friends(known) == []
        assert await are_all_over(known)

    @postgresql_alone
    async def test_waits_for_nobody_to_begin_it(self, known: Database, relay: Relay) -> None:
        database = Database.open(relay.url)
        assert await friends(database) == []
        relay.falls_silent()

        assert await is_cancelled(write(database, meet))

        relay.speaks_again()
        await asyncio.sleep(0.1)  # what was said meanwhile is heard
        assert await are_all_over(known)
        assert await friends(database) == []
        await database.close()

    @postgresql_alone
    async def test_waits_for_nobody_to_commit_it(self, relay: Relay) -> None:
        database = Database.open(relay.url)

        assert await is_cancelled(write(database, meet, lambda _: silence(relay)))

        relay.speaks_again()
        assert await are_all_over(database)
        await database.close()
