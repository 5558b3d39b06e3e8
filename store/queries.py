"""Queries past SQLAlchemy and its types, for what every group of events asks.

They are in the words of the database and its driver, so that nothing has to be put together.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import from_json, to_json

from store.sessions import AsyncSession, driver_of

#: How a template's words are written for each database; the numbers are those of its values.
_SQLITE: Final = {
    **{f"in_{n}": "IN (SELECT value FROM json_each(?))" for n in (1, 2)},
    "moment_3": "?",
    "locked": "",
    "customers_locked": "",
    "customers_locked_if_free": "",
}
_POSTGRESQL: Final = {
    **{f"in_{n}": f"= ANY(${n}::text[])" for n in (1, 2)},
    "moment_3": "$3::timestamptz",
    "locked": "FOR NO KEY UPDATE",  # nobody's rows that refer to them have to wait
    "customers_locked": "ORDER BY customer.id FOR NO KEY UPDATE OF customer",
    "customers_locked_if_free": "ORDER BY customer.id FOR NO KEY UPDATE OF customer SKIP LOCKED",
}
#: What a moment looks like in SQLite: SQLAlchemy's way, without the offset of UTC.
_WITHOUT_OFFSET: Final = len("2026-01-01 00:00:00.000000")
_OFFSET: Final = "+00:00"


class Query:
    """A query in the words of both databases.

    In its template `{in_1}` stands for "is one of the texts of the first value", `{moment_3}` for
    a moment as the third, and `{locked}` for a lock that lasts until the transaction ends;
    `{customers_locked}` locks the customers among joined rows, in their order, and
    `{customers_locked_if_free}` passes over those whom somebody else has locked. The values are
    numbered in the order in which they stand. `{asked}` is a table of what is asked about, whose
    columns are `asked`, each with PostgreSQL's type; `rows_about` fills it.
    Columns of JSON are to be asked for as text, which `object_in` reads; SQLite's moments come as
    text in any case, and `moment_in` reads them from either. Where PostgreSQL has to be told how to
    go about it, it gets a template of its own.
    """

    def __init__(
        self,
        template: str,
        *,
        asked: Mapping[str, str] | None = None,
        postgresql: str | None = None,
    ) -> None:
        told, there = asked or {}, postgresql or template
        self._sqlite = template.format_map({**_SQLITE, "asked": _sqlite_table(told)})
        self._postgresql = there.format_map({**_POSTGRESQL, "asked": _postgresql_table(told)})
        self._moments = [n for n, kind in enumerate(told.values()) if kind == "timestamptz"]

    async def rows(
        self, session: AsyncSession, *values: Collection[str] | datetime
    ) -> Sequence[Sequence[Any]]:
        """What it finds. What the session has not written yet is not seen."""
        driver = driver_of(session)
        if driver.is_sqlite:
            return await driver.fetch(self._sqlite, tuple(map(_sqlite_value, values)))
        told = tuple(v if isinstance(v, datetime) else list(v) for v in values)
        return await driver.fetch(self._postgresql, told)

    async def rows_about(
        self, session: AsyncSession, asked: Collection[Sequence[Any]]
    ) -> Sequence[Sequence[Any]]:
        """What it finds about these rows of `{asked}`; nothing about none."""
        if not asked:
            return []
        driver, columns = driver_of(session), list(zip(*asked, strict=True))
        if not driver.is_sqlite:
            return await driver.fetch(self._postgresql, tuple(map(list, columns)))
        for number in self._moments:
            columns[number] = tuple(at and text_of(at) for at in columns[number])
        return await driver.fetch(self._sqlite, (json_of(list(zip(*columns, strict=True))),))


def _sqlite_value(value: Collection[str] | datetime) -> str:
    return text_of(value) if isinstance(value, datetime) else json_of(list(value))


def _sqlite_table(types: Mapping[str, str]) -> str:
    columns = (f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(types))
    return f"(SELECT {', '.join(columns)} FROM json_each(?))"  # noqa: S608 - our own names


def _postgresql_table(types: Mapping[str, str]) -> str:
    arrays = (f"${n}::{kind}[]" for n, kind in enumerate(types.values(), 1))
    return f"(SELECT * FROM unnest({', '.join(arrays)}) AS told({', '.join(types)}))"  # noqa: S608


def moment_in(found: Any) -> Any:
    """The moment in a column of a `Query`, None when there is none."""
    return datetime.fromisoformat(found + _OFFSET) if isinstance(found, str) else found


def object_in(found: str) -> Any:
    """The object in a JSON column, asked for as text."""
    return from_json(found) if found != "{}" else {}


def text_of(moment: datetime) -> str:
    """A moment as SQLite keeps it; raises ValueError when it does not say where it is that late."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without an offset: {moment.isoformat()}")
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(" ", "microseconds")[:_WITHOUT_OFFSET]


def json_of(value: Any) -> str:
    """A value as JSON columns take it from a driver."""
    return to_json(value).decode()
