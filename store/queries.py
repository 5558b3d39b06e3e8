"""Queries past SQLAlchemy and its types, for what every group of events asks.

They are in the words of the database and its driver, so that nothing has to be put together.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import from_json, to_json

from store.sessions import AsyncSession, connection_of

#: How a template's words are written for each database; the numbers are those of its values.
_SQLITE: Final = {
    **{f"in_{n}": "IN (SELECT value FROM json_each(?))" for n in (1, 2)},
    **{f"moment_{n}": "?" for n in (1, 2)},
    "locked": "",
}
_POSTGRESQL: Final = {
    **{f"in_{n}": f"= ANY(${n}::text[])" for n in (1, 2)},
    **{f"moment_{n}": f"${n}::timestamptz" for n in (1, 2)},
    "locked": "FOR NO KEY UPDATE",  # nobody's rows that refer to them have to wait
}
#: What a moment looks like in SQLite: SQLAlchemy's way, without the offset of UTC.
_WITHOUT_OFFSET: Final = len("2026-01-01 00:00:00.000000")
_OFFSET: Final = "+00:00"


class Query:
    """A query in the words of both databases.

    In its template `{in_1}` stands for "is one of the texts of the first value", `{moment_2}` for
    the second value, a moment, and `{locked}` for a lock that lasts until the transaction ends.
    Columns of JSON are to be asked for as text, which `object_in` reads; SQLite's moments come as
    text in any case, and `moment_in` reads them from either.
    """

    def __init__(self, template: str) -> None:
        self._sqlite = template.format_map(_SQLITE)
        self._postgresql = template.format_map(_POSTGRESQL)

    async def rows(
        self, session: AsyncSession, *values: Collection[str] | datetime
    ) -> Sequence[Sequence[Any]]:
        """What it finds. What the session has not written yet is not seen."""
        connection = connection_of(session)
        if session.get_bind().dialect.name == "sqlite":
            statement, told = self._sqlite, tuple(map(_for_sqlite, values))
        else:
            statement, told = self._postgresql, tuple(map(_for_postgresql, values))
        return (await connection.exec_driver_sql(statement, told)).all()


def _for_sqlite(value: Collection[str] | datetime) -> Any:
    return text_of(value) if isinstance(value, datetime) else json_of(list(value))


def _for_postgresql(value: Collection[str] | datetime) -> Any:
    return value if isinstance(value, datetime) else list(value)


def moment_in(found: Any) -> Any:
    """The moment in a column of a `Query`, None when there is none."""
    return datetime.fromisoformat(found + _OFFSET) if isinstance(found, str) else found


def object_in(found: str) -> Any:
    """The object in a JSON column, asked for as text."""
    return from_json(found) if found != "{}" else {}


def text_of(moment: datetime) -> str:
    """A moment as SQLite keeps it."""
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:_WITHOUT_OFFSET]


def json_of(value: Any) -> str:
    """A value as JSON columns take it from a driver."""
    return to_json(value).decode()
