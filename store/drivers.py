"""Statements past SQLAlchemy, by the driver's own connection and within the session's transaction.

For what every group of events and every mail asks, and on PostgreSQL for what begins and commits:
SQLAlchemy adds to each statement as much again as the driver takes for it. What fails is told as
SQLAlchemy would tell it. As SQLAlchemy logs its statements when its logger is let, so does this
one, without their values.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Literal

from asyncpg import (
    AdminShutdownError,
    Connection,
    CrashShutdownError,
    IntegrityConstraintViolationError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    PostgresConnectionError,
    PostgresError,
    UniqueViolationError,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection

from store import sqlite_driver
from store.overtaking import Overtaken

logger = logging.getLogger(__name__)
#: The values of one row, in the order of its columns; JSON as text.
Row = Sequence[Any]
#: What a call of PostgreSQL's driver may raise.
_FAILURES: Final = (
    PostgresError,
    InterfaceError,
    InternalClientError,
    OSError,
    UnicodeEncodeError,
)
#: After one of these there is no connection any more, whether the driver has noticed or not. (It is
#: confused for a moment when a session is ended while nothing is asked.)
_GONE: Final = (
    OSError,
    InternalClientError,
    PostgresConnectionError,
    AdminShutdownError,
    CrashShutdownError,
)


class SqliteDriver:
    """Executes statements in SQLite's words. SQLAlchemy begins and ends their transaction."""

    is_sqlite: Literal[True] = True

    def __init__(self, connection: AsyncConnection, driver: sqlite_driver.Connection) -> None:
        self._connection = connection
        self._driver = driver
        self._is_over = False

    async def begin(self) -> None:
        """Begin the session's transaction; the engine knows how."""
        await self._connection.begin()

    async def commit(self) -> None:
        """Keep what the session has changed."""
        await self._connection.commit()

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Row]:
        """The rows that a statement finds, or returns of what it changes."""
        cursor = self._driver.cursor()
        with self._telling(statement):
            await cursor.execute(statement, values)
        return await cursor.fetchall()

    async def change_each(self, statement: str, rows: Sequence[Row]) -> int:
        """Execute a statement for each of these rows; returns how many it changed."""
        cursor = self._driver.cursor()
        with self._telling(statement):
            await cursor.executemany(statement, rows)
        return cursor.rowcount

    def end(self) -> None:
        """The connection is somebody else's from now on: refuse whatever is still asked."""
        self._is_over = True

    @contextmanager
    def _telling(self, statement: str) -> Iterator[None]:
        if self._is_over:
            raise _over(statement)
        logger.debug(statement)
        try:
            yield
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise _failure(statement, error) from error


class PostgresqlDriver:
    """Executes statements in PostgreSQL's words, among them those that begin and commit.

    They are executed one after the other, SQLAlchemy's among them: whoever asks while another is
    under way waits for their turn. SQLAlchemy does not know of the transaction: what is not
    committed is taken back when its connection is given back to the engine.
    """

    is_sqlite: Literal[False] = False

    def __init__(
        self,
        connection: AsyncConnection,
        driver: "Connection[Any]",
        turn: asyncio.Lock,
        *,
        begin: str | None,
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._turn = turn
        self._begin = begin
        self._is_over = False

    async def begin(self) -> None:
        """Begin the session's transaction, unless each statement is one by itself."""
        if self._begin:
            async with self._telling(self._begin):
                await self._driver.execute(self._begin)

    async def commit(self) -> None:
        """Keep what the session has changed.

        Raises PendingRollbackError when one of its statements had failed and nobody had minded.
        """
        async with self._telling("COMMIT"):
            told = await self._driver.execute("COMMIT")
        if told != "COMMIT":  # the server's answer, and no error to it
            raise PendingRollbackError("A statement has failed: nothing of its transaction is kept")

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Row]:
        """The rows that a statement finds, or returns of what it changes."""
        async with self._telling(statement):
            found: Sequence[Row] = await self._driver.fetch(statement, *values)
        return found

    async def change(self, statement: str, values: Sequence[Any]) -> int:
        """Execute a statement; returns how many rows it changed."""
        async with self._telling(statement):
            told = await self._driver.execute(statement, *values)
        return int(told.rpartition(" ")[2])  # as in "INSERT 0 5"

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows: hundreds in a third less time than an insert takes, but with a trip more.

        Raises Overtaken when one is there already: then the transaction can only be taken back.
        """
        async with self._telling(f"COPY {table}"):
            try:
                await self._driver.copy_records_to_table(table, columns=columns, records=rows)
            except UniqueViolationError as error:
                raise Overtaken from error

    def end(self) -> None:
        """The connection is somebody else's from now on: refuse whatever is still asked."""
        self._is_over = True

    @asynccontextmanager
    async def _telling(self, statement: str) -> AsyncIterator[None]:
        async with self._turn:
            if self._is_over:
                raise _over(statement)
            logger.debug(statement)
            try:
                yield
            except asyncio.CancelledError:
                # The server may have fallen silent: the cancelled do not wait for its last word.
                await self._give_up()
                raise
            except InvalidCachedStatementError as error:
                raise Overtaken from error  # a migration came between; the old plan is forgotten
            except _FAILURES as error:
                is_gone = isinstance(error, _GONE) or self._driver.is_closed()
                if is_gone:
                    await self._give_up(error)
                raise _failure(statement, error, is_gone=is_gone) from error

    async def _give_up(self, error: Exception | None = None) -> None:
        self._is_over = True
        await self._connection.invalidate(error)
        # Or SQLAlchemy would open another one for its next statement, outside of the transaction.
        await self._connection.close()


def _failure(statement: str, error: Exception, *, is_gone: bool = False) -> DBAPIError:
    is_refused = isinstance(error, sqlite3.IntegrityError | IntegrityConstraintViolationError)
    told = IntegrityError if is_refused else DBAPIError
    return told(statement, None, error, hide_parameters=True, connection_invalidated=is_gone)


def _over(statement: str) -> DBAPIError:
    return _failure(statement, InterfaceError("the session has lost its connection"), is_gone=True)


def driver_behind(
    connection: AsyncConnection, *, begin: str | None
) -> SqliteDriver | PostgresqlDriver:
    """The driver's own connection behind one of SQLAlchemy's that is open.

    On PostgreSQL a transaction begins with the statement `begin`, and without one each statement
    is a transaction by itself.
    """
    assert connection.sync_connection is not None  # noqa: S101 - it is open
    pooled: Any = connection.sync_connection.connection
    driver: Any = pooled.driver_connection
    if isinstance(driver, sqlite_driver.Connection):
        return SqliteDriver(connection, driver)
    turn = pooled.dbapi_connection._execute_mutex  # noqa: SLF001 - its own statements take it too
    return PostgresqlDriver(connection, driver, turn, begin=begin)
