"""aiosqlite with one trip to its thread per statement.

The driver goes there for a cursor, for the statement, for its rows and to close the cursor. Each
trip costs more than most of our statements do once they are there.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite

#: Rows that the driver fetches at once when somebody iterates, which nobody does here.
_CHUNK = 64


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
        await self._connection.run(self._execute, statement, values, sqlite3.Cursor.execute)
        return self

    async def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Self:
        """Execute a statement for each of `rows`."""
        await self._connection.run(self._execute, statement, rows, sqlite3.Cursor.executemany)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """All rows; they are handed over once."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Nothing to close: the trip that executed the statement has done so."""

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
        super().__init__(partial(sqlite3.connect, database, **options), _CHUNK)
        self._thread.daemon = True  # as SQLAlchemy wants it: nobody waits for it at the end

    def cursor(self) -> Cursor:  # type: ignore[override]  # for SQLAlchemy alone
        """A cursor; nothing has happened yet."""
        return Cursor(self)

    def open_cursor(self) -> sqlite3.Cursor:
        """A cursor of the database itself, in the connection's own thread."""
        return self._conn.cursor()

    async def run(self, function: Any, *arguments: Any) -> Any:
        """Call a function in the connection's own thread."""
        return await self._execute(function, *arguments)  # type: ignore[no-untyped-call]  # theirs
