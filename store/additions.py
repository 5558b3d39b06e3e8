"""Rows added by the thousand: one statement for all, as each driver takes it fastest.

Past SQLAlchemy's types, which would cost more than the writing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult

from store.queries import text_of
from store.sessions import AsyncSession, connection_of

#: The values of one row, in the order of its columns; JSON as text.
Row = Sequence[Any]


class Addition:
    """Rows of some columns for a table; `types` are PostgreSQL's, by column.

    `then` says what becomes of a row that is there already.
    """

    def __init__(self, table: str, types: Mapping[str, str], *, then: str = "") -> None:
        into = f"INSERT INTO {table} ({', '.join(types)})"
        arrays = ", ".join(f"${number}::{name}[]" for number, name in enumerate(types.values(), 1))
        places = ", ".join("?" * len(types))
        self._sqlite = f"{into} VALUES ({places}) {then}"
        # Arrays, and not as many places as there are rows: so it is prepared once.
        self._postgresql = f"{into} SELECT * FROM unnest({arrays}) {then}"  # noqa: S608 - ours alone
        self._moments = [n for n, name in enumerate(types.values()) if name == "timestamptz"]

    async def add(self, session: AsyncSession, rows: Sequence[Row]) -> int:
        """Add these rows; returns how many were not there yet."""
        return (await self._execute(session, rows)).rowcount if rows else 0

    async def _execute(self, session: AsyncSession, rows: Sequence[Row]) -> CursorResult[Any]:
        connection, columns = connection_of(session), list(zip(*rows, strict=True))
        if connection.dialect.name == "sqlite":
            for number in self._moments:
                columns[number] = tuple(_texts(columns[number]))
            told = list(zip(*columns, strict=True))
            return await connection.exec_driver_sql(self._sqlite, told)
        return await connection.exec_driver_sql(self._postgresql, tuple(map(list, columns)))


def _texts(moments: Iterable[datetime | None]) -> Iterator[str | None]:
    before, text = None, None
    for moment in moments:
        if moment is not before:  # what was received together has one moment
            before, text = moment, text_of(moment) if moment else None
        yield text
