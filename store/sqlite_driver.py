"""aiosqlite with one trip to its thread per statement.

The driver goes there for a cursor, for the statement, for its rows and to close the cursor. Each
trip costs more than most of our statements do once they are there. What is over in no time does
without: see `on_the_spot`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, Self

import aiosqlite

#: How long SQLite waits for a lock unless told otherwise, in seconds.
_PATIENCE: Final = 5.0
#: Rows that the driver fetches at once when somebody iterates, which nobody does here.
_CHUNK = 64
_ON_THE_SPOT: Final = ContextVar("on_the_spot", default=False)


@contextmanager
def on_the_spot() -> Iterator[None]:
    """Execute the statements in here without a trip, in the event loop's own thread.

    For those alone that find or write a few rows by their keys: everybody waits for them. They
    never wait themselves: who writes has the lock once a transaction has begun, who reads needs
    none, and only the end of a transaction is synced.
    """
    with _set(here=True):
        yield


@contextmanager
def off_the_spot() -> Iterator[None]:
    """Execute the statements in here in the connection's thread, for they may take their time."""
    with _set(here=False):
        yield


@contextmanager
def _set(*, here: bool) -> Iterator[None]:
    token = _ON_THE_SPOT.set(here)
    try:
        yield
    finally:
        _ON_THE_SPOT.reset(token)


class Cursor:
    """What SQLAlchemy asks of a cursor; its rows are there once the statement was executed."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.lastrowid: int | None = None
        self.rowcount, self.arraysize = -1, 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> Self:
        """Execute a statement and fetch its rows."""
        await self._run(statement, values, sqlite3.Cursor.execute)
        return self

    async def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Self:
        """Execute a statement for each of `rows`."""
        await self._run(statement, rows, sqlite3.Cursor.executemany)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """All rows; they are handed over once."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Nothing to close: the trip that executed the statement has done so."""

    async def _run(self, statement: str, values: Any, execute: Any) -> None:
        if _ON_THE_SPOT.get() and self._connection.is_at_rest_in_transaction:
            self._execute(statement, values, execute)
        else:
            await self._connection.run(self._execute, statement, values, execute)

    def _execute(self, statement: str, values: Any, execute: Any) -> None:
        cursor = self._connection.open_cursor()
        try:
            execute(cursor, statement, values)
            self.description, self.lastrowid = cursor.description, cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else ()
            self.rowcount = cursor.rowcount  # of changes that return rows: known after the last
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    """A connection whose cursors stay on this side until there is something to execute."""

    def __init__(self, database: str, **options: Any) -> None:
        # One thread at a time: the loop's own when the connection's is at rest.
        options["check_same_thread"] = False
        super().__init__(partial(sqlite3.connect, database, **options), _CHUNK)
        self._begun, self._done = 0, 0
        self._patience = int(options.get("timeout", _PATIENCE) * 1_000)
        self._thread.daemon = True  # as SQLAlchemy wants it: nobody waits for it at the end

    def cursor(self) -> Cursor:  # type: ignore[override]  # for SQLAlchemy alone
        """A cursor; nothing has happened yet."""
        return Cursor(self)

    def open_cursor(self) -> sqlite3.Cursor:
        """A cursor of the database itself, in the connection's own thread."""
        return self._conn.cursor()

    def begins_at_once(self, begin: str) -> bool:
        """Begin a transaction here and now; False where that takes a trip.

        Somebody else has the lock that is to be waited for, or a statement is under way, or
        SQLite refuses: whoever makes the trip hears why.
        """
        if self.in_transaction or not self._is_at_rest:
            return False
        self._wait_for_locks(0)
        try:
            self._conn.execute(begin).close()
        except sqlite3.Error:
            return False
        finally:
            self._wait_for_locks(self._patience)
        return True

    def _wait_for_locks(self, milliseconds: int) -> None:
        self._conn.execute(f"PRAGMA busy_timeout = {milliseconds}").close()

    @property
    def is_at_rest_in_transaction(self) -> bool:
        """Whether a transaction has begun, and its thread has nothing to do."""
        return self._is_at_rest and self.in_transaction

    @property
    def _is_at_rest(self) -> bool:
        # A caller who was cancelled leaves a statement behind that is still executed.
        return self._begun == self._done

    async def run(self, function: Any, *arguments: Any) -> Any:
        """Call a function in the connection's own thread."""
        return await self._execute(function, *arguments)

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        def there() -> Any:
            try:
                return fn(*args, **kwargs)
            finally:
                self._done += 1

        self._begun += 1
        return await super()._execute(there)  # type: ignore[no-untyped-call]  # theirs

    async def rollback(self) -> None:
        """Take back what is not committed; there is no trip when there is nothing to take back."""
        if self.is_at_rest_in_transaction and _ON_THE_SPOT.get():
            self._conn.rollback()
        elif self.in_transaction or not self._is_at_rest:
            await super().rollback()
