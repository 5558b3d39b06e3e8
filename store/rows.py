"""Rows written by the thousand: one statement for all, as each driver takes it fastest.

Past SQLAlchemy's types, which would cost more than the writing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult

from store.queries import json_of, text_of
from store.sessions import AsyncSession, connection_of

#: The values of one row, in the order of its columns; JSON as text.
Row = Sequence[Any]


class _Columns:
    """Columns of a table with PostgreSQL's types, and what a driver is given for them."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.names = tuple(types)
        self._moments = [n for n, kind in enumerate(types.values()) if kind == "timestamptz"]
        self._dates = [n for n, kind in enumerate(types.values()) if kind == "date"]
        # Arrays, and not as many places as there are rows: so it is prepared once.
        self.arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types.values(), 1))

    def for_postgresql(self, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        """The values of each column."""
        return tuple(map(list, zip(*rows, strict=True)))

    def for_sqlite(self, rows: Sequence[Row]) -> list[Row]:
        """The values of each row, moments as text."""
        columns = list(zip(*rows, strict=True))
        for number in self._moments:
            columns[number] = tuple(_texts(columns[number]))
        for number in self._dates:
            columns[number] = tuple(day and day.isoformat() for day in columns[number])
        return list(zip(*columns, strict=True))


class Addition:
    """Rows of some columns for a table; `types` are PostgreSQL's, by column.

    `then` says what becomes of a row that is there already.
    """

    def __init__(self, table: str, types: Mapping[str, str], *, then: str = "") -> None:
        self._columns = _Columns(types)
        into = f"INSERT INTO {table} ({', '.join(types)})"
        parts = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(len(types)))
        self._sqlite = f"{into} VALUES ({', '.join('?' * len(types))}) {then}"
        self._sqlite_telling = f"{into} SELECT {parts} FROM json_each(?) WHERE true {then}"  # noqa: S608 - ours alone
        self._postgresql = f"{into} SELECT * FROM unnest({self._columns.arrays}) {then}"  # noqa: S608 - ours alone

    async def add(self, session: AsyncSession, rows: Sequence[Row]) -> int:
        """Add these rows; returns how many were not there yet."""
        if not rows:
            return 0
        connection = connection_of(session)
        if connection.dialect.name == "sqlite":
            added = await connection.exec_driver_sql(self._sqlite, self._columns.for_sqlite(rows))
        else:
            arrays = self._columns.for_postgresql(rows)
            added = await connection.exec_driver_sql(self._postgresql, arrays)
        return added.rowcount

    async def add_telling(
        self, session: AsyncSession, rows: Sequence[Row], *, column: str
    ) -> list[Any]:
        """Add these rows, in their order; returns what the database put into `column` of each."""
        return [value for (value,) in await self._tell(session, rows, column)] if rows else []

    async def _tell(
        self, session: AsyncSession, rows: Sequence[Row], column: str
    ) -> CursorResult[Any]:
        connection, returning = connection_of(session), f"RETURNING {column}"
        if connection.dialect.name == "sqlite":
            told = json_of(self._columns.for_sqlite(rows))
            return await connection.exec_driver_sql(f"{self._sqlite_telling} {returning}", (told,))
        arrays = self._columns.for_postgresql(rows)
        return await connection.exec_driver_sql(f"{self._postgresql} {returning}", arrays)


class Change:
    """New values for some columns of rows that are there; `types` are PostgreSQL's, by column.

    A row is found by the column `key`, whose value comes last.
    """

    def __init__(self, table: str, types: Mapping[str, str], *, key: str) -> None:
        self._columns = _Columns({**types, key: "text"})
        names = ", ".join(self._columns.names)
        here = ", ".join(f"{name} = ?" for name in types)
        there = ", ".join(f"{name} = told.{name}" for name in types)
        self._sqlite = f"UPDATE {table} SET {here} WHERE {key} = ?"  # noqa: S608 - ours alone
        self._postgresql = (
            f"UPDATE {table} SET {there} FROM unnest({self._columns.arrays}) AS told({names})"  # noqa: S608
            f" WHERE {table}.{key} = told.{key}"
        )

    async def make(self, session: AsyncSession, rows: Sequence[Row]) -> None:
        """Change these rows, each named once."""
        if not rows:
            return
        connection = connection_of(session)
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql(self._sqlite, self._columns.for_sqlite(rows))
        else:
            arrays = self._columns.for_postgresql(rows)
            await connection.exec_driver_sql(self._postgresql, arrays)


def _texts(moments: Iterable[datetime | None]) -> Iterator[str | None]:
    before, text = None, None
    for moment in moments:
        if moment is not before:  # what was received together has one moment
            before, text = moment, text_of(moment) if moment else None
        yield text
