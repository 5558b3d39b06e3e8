"""Rows by the thousand, and rows that may be there already: `INSERT … ON CONFLICT`."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import SQLModel

from store.sessions import AsyncSession, connection_of

#: Column name → value, for one row.
Values = Mapping[str, Any]


def insert_into(
    session: AsyncSession, table: type[SQLModel]
) -> "postgresql.Insert | sqlite.Insert":
    """An insert in the words of the session's database, ready for `on_conflict_do_…`.

    It is a Core statement: rows must name every column that may not be NULL, since the
    defaults of the table's class belong to its constructor.
    """
    return _insert(session.get_bind().dialect.name, table)


async def add_missing(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Values], *, key: Sequence[str]
) -> set[tuple[Any, ...]]:
    """Insert the rows whose unique `key` is not there yet; returns the keys of the new ones."""
    if not rows:
        return set()
    statement = _adding(session.get_bind().dialect.name, table, tuple(key))
    added = await session.execute(statement, list(rows))
    return {tuple(row) for row in added}


@cache
def _adding(dialect: str, table: type[SQLModel], key: tuple[str, ...]) -> ReturningInsert[Any]:
    """The statement of `add_missing`: there are few, and each takes long to write."""
    columns = [table_of(table).c[name] for name in key]
    adding = _insert(dialect, table).on_conflict_do_nothing(index_elements=columns)
    return adding.returning(*columns)


async def put(
    session: AsyncSession,
    table: type[SQLModel],
    rows: Sequence[Values],
    *,
    key: Sequence[str],
    change: Sequence[str],
) -> None:
    """Insert the rows; where the unique `key` is there already, overwrite the columns `change`.

    A key may occur several times in `rows`: the last one holds.
    """
    if rows:
        dialect = session.get_bind().dialect.name
        statement = _putting(dialect, table, tuple(key), tuple(change))
        await connection_of(session).execute(statement, list(rows))


@cache
def _putting(
    dialect: str, table: type[SQLModel], key: tuple[str, ...], change: tuple[str, ...]
) -> "postgresql.Insert | sqlite.Insert":
    """The statement of `put`: there are few, and each takes longer to write than to execute."""
    statement = _insert(dialect, table)
    changes = {name: statement.excluded[name] for name in change}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changes)


def _insert(dialect: str, table: type[SQLModel]) -> "postgresql.Insert | sqlite.Insert":
    if dialect == "sqlite":
        return sqlite.insert(table_of(table))
    return postgresql.insert(table_of(table))


def table_of(table: type[SQLModel]) -> Table:
    """The Core table behind a table's class: statements over it skip the ORM's bookkeeping."""
    core: Table = inspect(table).local_table
    return core
