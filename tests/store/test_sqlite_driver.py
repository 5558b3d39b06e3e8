"""The SQLite driver: a statement is one trip to the connection's thread, rows included."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.sqlite_driver import Connection, on_the_spot


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    connection = await Connection(str(tmp_path / "a.db"), isolation_level=None)
    assert isinstance(connection, Connection)
    await connection.cursor().execute("CREATE TABLE product (id INTEGER PRIMARY KEY, title TEXT)")
    yield connection
    await connection.close()


class TestACursor:
    async def test_has_the_rows_when_it_was_executed(self, connection: Connection) -> None:
        cursor = await connection.cursor().execute("SELECT ? AS title, 99 AS price", ["Tent"])

        assert [column[0] for column in cursor.description] == ["title", "price"]
        assert await cursor.fetchall() == [("Tent", 99)]

    async def test_hands_its_rows_over_once(self, connection: Connection) -> None:
        cursor = await connection.cursor().execute("SELECT 1")
        await cursor.fetchall()

        assert list(await cursor.fetchall()) == []

    async def test_counts_changes_that_return_rows(self, connection: Connection) -> None:
        insert = "INSERT INTO product (title) VALUES ('Tent'), ('Stove') RETURNING id"

        cursor = await connection.cursor().execute(insert)

        assert cursor.rowcount == 2
        assert await cursor.fetchall() == [(1,), (2,)]

    async def test_executes_for_each_of_many(self, connection: Connection) -> None:
        cursor = connection.cursor()

        await cursor.executemany("INSERT INTO product (title) VALUES (?)", [["Tent"], ["Stove"]])

        assert cursor.rowcount == 2
        assert cursor.description is None

    async def test_knows_the_last_row_that_it_wrote(self, connection: Connection) -> None:
        cursor = await connection.cursor().execute("INSERT INTO product (title) VALUES ('Tent')")

        assert cursor.lastrowid == 1

    async def test_raises_what_the_database_says(self, connection: Connection) -> None:
        with pytest.raises(sqlite3.IntegrityError, match=r"product\.id"):
            await connection.cursor().execute("INSERT INTO product VALUES (1, 'a'), (1, 'b')")

    async def test_leaves_nothing_behind_that_would_keep_a_commit_waiting(
        self, connection: Connection
    ) -> None:
        await connection.cursor().execute("BEGIN IMMEDIATE")
        for _ in range(3):
            await connection.cursor().execute(
                "INSERT INTO product (title) VALUES ('a') RETURNING 1"
            )
        await connection.commit()

        assert not connection.in_transaction


class TestACaller:
    async def test_who_gives_up_leaves_it_in_order(self, connection: Connection) -> None:
        """A rollback that is asked for after a cancelled BEGIN comes after it."""
        begin = asyncio.create_task(connection.cursor().execute("BEGIN IMMEDIATE"))
        await asyncio.sleep(0)
        begin.cancel()

        await connection.rollback()

        assert not connection.in_transaction


class TestATransaction:
    async def test_begins_without_a_trip(self, connection: Connection) -> None:
        assert connection.begins_at_once("BEGIN IMMEDIATE")
        assert connection.in_transaction

    async def test_makes_the_trip_where_somebody_else_has_the_lock(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began_at = time.monotonic()

        assert not connection.begins_at_once("BEGIN IMMEDIATE")

        assert time.monotonic() - began_at < 1
        assert not connection.in_transaction
        waiting = asyncio.create_task(connection.cursor().execute("BEGIN IMMEDIATE"))
        await asyncio.sleep(0.05)
        other.close()
        await waiting
        assert connection.in_transaction

    async def test_makes_the_trip_behind_a_statement_that_is_under_way(
        self, connection: Connection
    ) -> None:
        is_over = threading.Event()
        under_way = asyncio.create_task(connection.run(is_over.wait))
        await asyncio.sleep(0)

        has_begun = connection.begins_at_once("BEGIN")

        is_over.set()
        await under_way
        assert not has_begun

    async def test_begins_once(self, connection: Connection) -> None:
        connection.begins_at_once("BEGIN")

        assert not connection.begins_at_once("BEGIN")


class TestAStatementOnTheSpot:
    @pytest.fixture
    async def threads(self, connection: Connection) -> list[str]:
        """The thread of each statement that asks for it."""
        threads: list[str] = []
        here = threading.current_thread()

        def note() -> int:
            is_here = threading.current_thread() is here
            threads.append("loop" if is_here else "driver")
            return 1

        await connection.create_function("note", 0, note)
        return threads

    async def test_is_executed_without_a_trip(
        self, connection: Connection, threads: list[str]
    ) -> None:
        await connection.cursor().execute("BEGIN IMMEDIATE")

        with on_the_spot():
            cursor = await connection.cursor().execute("SELECT note()")

        assert await cursor.fetchall() == [(1,)]
        assert threads == ["loop"]

    async def test_makes_the_trip_where_no_transaction_has_its_lock(
        self, connection: Connection, threads: list[str]
    ) -> None:
        with on_the_spot():
            await connection.cursor().execute("SELECT note()")

        assert threads == ["driver"]

    async def test_is_the_last_of_its_kind_when_the_block_is_over(
        self, connection: Connection, threads: list[str]
    ) -> None:
        await connection.cursor().execute("BEGIN")
        with on_the_spot():
            pass

        await connection.cursor().execute("SELECT note()")

        assert threads == ["driver"]

    async def test_is_taken_back_with_its_transaction(self, connection: Connection) -> None:
        await connection.cursor().execute("BEGIN IMMEDIATE")
        with on_the_spot():
            await connection.cursor().execute("INSERT INTO product (title) VALUES ('Tent')")
            await connection.rollback()

        cursor = await connection.cursor().execute("SELECT count(*) FROM product")
        assert (await cursor.fetchall(), connection.in_transaction) == ([(0,)], False)
