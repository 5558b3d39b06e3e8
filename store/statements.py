"""Statements that are made once: to put one together costs more than the database's answer."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BindParameter, Executable, Row, bindparam

from store.sessions import AsyncSession, connection_of


async def fetch(session: AsyncSession, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
    """The rows that a Core statement finds, past the session and its objects.

    What the session has not written yet is not seen.
    """
    connection = connection_of(session)
    return (await connection.execute(statement, values)).all()


async def write(
    session: AsyncSession, statement: Executable, rows: Sequence[dict[str, Any]]
) -> None:
    """Execute a Core statement for each of these rows, past the session and its objects."""
    if rows:
        connection = connection_of(session)
        await connection.execute(statement, rows)


def any_of(name: str) -> BindParameter[Collection[Any]]:
    """A parameter for `in_`: any number of values."""
    return bindparam(name, expanding=True)
