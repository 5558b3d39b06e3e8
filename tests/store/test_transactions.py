"""How transactions end: all that was written is kept or nothing is, and none stays open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, PendingRollbackError

from domain.errors import Unavailable
from store.sessions import AsyncSession, Database, driver_of
from tests.fakes.relay import Relay
from tests.fakes.rows import ada, identity, keep

postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])

#: Whether one knows the other is looked at when a transaction is committed.
FRIENDS = (
    "CREATE TABLE friend (id INTEGER PRIMARY KEY,"
    " knows INTEGER REFERENCES friend (id) DEFERRABLE INITIALLY DEFERRED)"
)
#: Somebody who is cancelled is gone before that, in seconds.
SOON = 5


async def told(session: AsyncSession, statement: str) -> list[tuple[object, ...]]:
    """What the driver says to a statement."""
    return [tuple(row) for row in await driver_of(session).fetch(statement, ())]


async def meet(session: AsyncSession, one: int = 1, other: int = 1) -> None:
    """Somebody new, who knows somebody else."""
    driver = driver_of(session)
    values = "?, ?" if driver.is_sqlite else "$1, $2"
    meeting = f"INSERT INTO friend VALUES ({values}) RETURNING id"  # noqa: S608 - our own
    await driver.fetch(meeting, (one, other))


async def write(database: Database, *steps: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Take these steps in one transaction."""
    async with database.writing() as session:
        for step in steps:
            await step(session)


async def friends(database: Database) -> list[tuple[object, ...]]:
    async with database.reading() as session:
        return await told(session, "SELECT id FROM friend ORDER BY id")


async def left_open(database: Database) -> int:
    """How many transactions wait for their end, besides the one that looks."""
    if database.dialect == "sqlite":
        await write(database)  # would wait for whoever is in a transaction
        return 0
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
    )
    async with database.reading() as session:
        return len(await told(session, waiting))


async def end(session: AsyncSession, database: Database) -> None:
    """The server ends the session."""
    [(number,)] = await told(session, "SELECT pg_backend_pid()")
    async with database.writing() as other:
        await told(other, f"SELECT pg_terminate_backend({number}, 5000)")


async def silence(relay: Relay) -> None:
    """From here on nothing is heard."""
    relay.falls_silent()


async def is_cancelled(work: Awaitable[object]) -> bool:
    """Whether work that has begun ends soon when it is cancelled."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task}, timeout=SOON)
    return task.cancelled()


@pytest.fixture
async def known(bare_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of friends, of whom nobody is there yet."""
    (tmp_path / "data").mkdir()
    database = Database.open(bare_url)
    await write(database, lambda session: session.execute(text(FRIENDS)))
    yield database
    await database.close()


@pytest.fixture
async def relay(known: Database, bare_url: str) -> AsyncIterator[Relay]:
    """A way to the friends' server."""
    assert await friends(known) == []
    async with Relay.to(bare_url) as relay:
        yield relay


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
        assert await left_open(database) == 0

    async def test_may_have_nothing_to_do(self, known: Database) -> None:
        async with known.writing(), known.reading():
            pass

        assert await left_open(known) == 0

    async def test_is_not_committed_before_its_end(self, known: Database) -> None:
        async def commit(session: AsyncSession) -> None:
            await session.commit()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write(known, meet, commit)

        assert await friends(known) == []

    async def test_that_cannot_be_committed_keeps_nothing(self, known: Database) -> None:
        with pytest.raises(IntegrityError):
            await write(known, lambda session: meet(session, 1, 2))

        assert await friends(known) == []
        assert await left_open(known) == 0

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
        assert await left_open(known) == 0

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
        assert await left_open(known) == 0

    @postgresql_alone
    async def test_waits_for_nobody_to_begin_it(self, known: Database, relay: Relay) -> None:
        database = Database.open(relay.url)
        assert await friends(database) == []
        relay.falls_silent()

        assert await is_cancelled(write(database, meet))

        relay.speaks_again()
        await asyncio.sleep(0.1)  # what was said meanwhile is heard
        assert await left_open(known) == 0
        assert await friends(database) == []
        await database.close()

    @postgresql_alone
    async def test_waits_for_nobody_to_commit_it(self, relay: Relay) -> None:
        database = Database.open(relay.url)

        assert await is_cancelled(write(database, meet, lambda _: silence(relay)))

        relay.speaks_again()
        assert await left_open(database) == 0
        await database.close()


@postgresql_alone
class TestAServer:
    async def test_that_falls_silent_before_a_transaction_begins_is_given_up(
        self, relay: Relay
    ) -> None:
        database = Database.open(relay.url, answers_within=0.5)
        assert await friends(database) == []
        relay.falls_silent()

        with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
            await asyncio.wait_for(write(database), timeout=10)

        relay.speaks_again()
        assert await friends(database) == []
        await database.close()

    async def test_that_falls_silent_before_a_transaction_is_committed_is_given_up(
        self, relay: Relay
    ) -> None:
        database = Database.open(relay.url, answers_within=0.5)

        with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
            await asyncio.wait_for(write(database, meet, lambda _: silence(relay)), timeout=10)

        relay.speaks_again()
        await write(database, lambda session: meet(session, 2, 2))
        assert (2,) in await friends(database)
        await database.close()

    async def test_that_ends_a_session_before_it_is_committed_is_told_of(
        self, known: Database
    ) -> None:
        with pytest.raises(Unavailable, match=r"does not answer|stopping or starting"):
            await write(known, meet, lambda session: end(session, known))

        assert await friends(known) == []

    async def test_that_ends_a_session_ends_its_transaction(self, known: Database) -> None:
        async def go_on(session: AsyncSession) -> None:
            with suppress(DBAPIError):
                await meet(session, 2, 2)
            await session.execute(text("INSERT INTO friend VALUES (3, 3)"))

        with pytest.raises(InvalidRequestError):
            await write(known, meet, lambda session: end(session, known), go_on)

        assert await friends(known) == []
