"""Rows written by the thousand: one statement for all, as each driver takes it fastest.

Past SQLAlchemy's types, which would cost more than the writing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from store.drivers import Row
from store.overtaking import Overtaken
from store.queries import json_of, text_of
from store.sessions import AsyncSession, driver_of

#: So many rows are copied where the database can do so. It takes a trip more than an insert.
_MANY: Final = 50


def _texts(moments: Iterable[datetime | None]) -> Iterator[str | None]:
    before, text = None, None
    for moment in moments:
        if moment is not before:  # what was received together has one moment
            before, text = moment, text_of(moment) if moment else None
        yield text


def _days(dates: Iterable[date | None]) -> Iterator[str | None]:
    return (None if day is None else day.isoformat() for day in dates)


def _reals(amounts: Iterable[Decimal | None]) -> Iterator[float | None]:
    return (None if amount is None else float(amount) for amount in amounts)


#: As what SQLite keeps values of PostgreSQL's types, for which it has none: as SQLAlchemy does.
_IN_SQLITE: Final[Mapping[str, Callable[[Any], Iterator[Any]]]] = {
    "timestamptz": _texts,
    "date": _days,
    "numeric": _reals,
}


class _Columns:
    """Columns of a table with PostgreSQL's types, and what a driver is given for them."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.names = tuple(types)
        self._kept = [(n, _IN_SQLITE[k]) for n, k in enumerate(types.values()) if k in _IN_SQLITE]
        self._kinds = tuple(types.values())

    def arrays(self, first: int = 1) -> str:
        """PostgreSQL's placeholders for the columns' values, numbered from `first`.

        Arrays, and not as many places as there are rows: so a statement is prepared once.
        """
        return ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(self._kinds, first))

    def for_postgresql(self, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        """The values of each column."""
        return tuple(map(list, zip(*rows, strict=True)))

    def for_sqlite(self, rows: Sequence[Row]) -> list[Row]:
        """The values of each row."""
        columns = list(zip(*rows, strict=True))
        for number, kept in self._kept:
            columns[number] = tuple(kept(columns[number]))
        return list(zip(*columns, strict=True))


class Addition:
    """Rows of some columns for a table; `types` are PostgreSQL's, by column.

    `then` says what becomes of a row that is there already.
    """

    def __init__(self, table: str, types: Mapping[str, str], *, then: str = "") -> None:
        self._table, self._columns, self._then = table, _Columns(types), then
        self._into = into = f"INSERT INTO {table} ({', '.join(types)})"
        parts = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(len(types)))
        self._sqlite = f"{into} VALUES ({', '.join('?' * len(types))}) {then}"
        self._sqlite_telling = f"{into} SELECT {parts} FROM json_each(?) WHERE true {then}"  # noqa: S608 - ours alone
        self._postgresql = self.statement()
        #: How many values `statement` takes.
        self.width = len(types)

    def statement(self, first: int = 1) -> str:
        """As PostgreSQL is told, with its values numbered from `first`."""
        arrays = self._columns.arrays(first)
        return f"{self._into} SELECT * FROM unnest({arrays}) {self._then}"  # noqa: S608 - ours alone

    def values(self, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        """The values of `statement`."""
        return self._columns.for_postgresql(rows)

    async def add(self, session: AsyncSession, rows: Sequence[Row]) -> int:
        """Add these rows; returns how many were not there yet."""
        if not rows:
            return 0
        driver = driver_of(session)
        if driver.is_sqlite:
            return await driver.change_each(self._sqlite, self._columns.for_sqlite(rows))
        return await driver.change(self._postgresql, self.values(rows))

    async def add_new(self, session: AsyncSession, rows: Sequence[Row]) -> None:
        """Add these rows; raises Overtaken when one is there. Then all must be taken back."""
        driver = driver_of(session)
        if not driver.is_sqlite and len(rows) >= _MANY:
            await driver.copy(self._table, self._columns.names, rows)
        elif await self.add(session, rows) < len(rows):
            raise Overtaken

    async def add_telling(
        self, session: AsyncSession, rows: Sequence[Row], *, column: str
    ) -> list[Any]:
        """Add these rows, in their order; returns what the database put into `column` of each."""
        return [value for (value,) in await self._tell(session, rows, column)] if rows else []

    async def _tell(self, session: AsyncSession, rows: Sequence[Row], column: str) -> Sequence[Row]:
        driver, returning = driver_of(session), f"RETURNING {column}"
        if driver.is_sqlite:
            told = json_of(self._columns.for_sqlite(rows))
            return await driver.fetch(f"{self._sqlite_telling} {returning}", (told,))
        return await driver.fetch(f"{self._postgresql} {returning}", self.values(rows))


class Change:
    """New values for some columns of rows that are there; `types` are PostgreSQL's, by column.

    A row is found by the column `key`, whose value comes last. It changes `only` where that holds.
    """

    def __init__(
        self, table: str, types: Mapping[str, str], *, key: str, only: str = "true"
    ) -> None:
        self._columns = _Columns({**types, key: "text"})
        here = ", ".join(f"{name} = ?" for name in types)
        there = ", ".join(f"{name} = told.{name}" for name in types)
        mine = f"{table}.{key} = told.{key} AND {only}"
        self._sqlite = f"UPDATE {table} SET {here} WHERE {key} = ? AND {only}"  # noqa: S608 - ours alone
        self._change, self._mine = f"UPDATE {table} SET {there}", mine  # noqa: S608 - ours alone
        self._postgresql, told = self.statement(), self._told()
        #: How many values `statement` takes.
        self.width = len(types) + 1
        self._if_free = f"""
            WITH told AS (SELECT * FROM {told}), free AS MATERIALIZED (
                SELECT {key} FROM {table} WHERE {key} = ANY(${len(types) + 1}::text[])
                ORDER BY {key} FOR NO KEY UPDATE SKIP LOCKED
            ), changed AS (
                {self._change} FROM told JOIN free USING ({key}) WHERE {mine}
            ) SELECT {key} FROM free
        """  # noqa: S608

    def statement(self, first: int = 1) -> str:
        """As PostgreSQL is told, with its values numbered from `first`."""
        return f"{self._change} FROM {self._told(first)} WHERE {self._mine}"

    def _told(self, first: int = 1) -> str:
        return f"unnest({self._columns.arrays(first)}) AS told({', '.join(self._columns.names)})"

    def values(self, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        """The values of `statement`."""
        return self._columns.for_postgresql(rows)

    async def make(self, session: AsyncSession, rows: Sequence[Row]) -> None:
        """Change these rows, each named once."""
        if not rows:
            return
        driver = driver_of(session)
        if driver.is_sqlite:
            await driver.change_each(self._sqlite, self._columns.for_sqlite(rows))
        else:
            await driver.change(self._postgresql, self.values(rows))

    async def make_if_free(self, session: AsyncSession, rows: Sequence[Row]) -> set[str]:
        """Change those that nobody else has locked, in one statement; returns their keys.

        On SQLite, whose only writer has locked everything, all of them.
        """
        driver = driver_of(session)
        if not driver.is_sqlite:
            found = await driver.fetch(self._if_free, self.values(rows))
            return {key for (key,) in found}
        await driver.change_each(self._sqlite, self._columns.for_sqlite(rows))
        return {row[-1] for row in rows}
