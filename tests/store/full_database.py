"""Databases full of rows, as an earlier version left them: made from the schema itself."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    MetaData,
    Numeric,
    Table,
    insert,
    select,
)

from store.addresses import read_url
from store.migrations import run

MIGRATIONS: Final = "store/migrations"
ROWS: Final = 200
_FIRST: Final = "0001"
_MORNING: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
#: What only certain words may stand in, or what must have a certain shape.
_WORDS: Final[dict[tuple[str, str], Any]] = {
    ("run", "status"): "ended",
    ("message", "status"): "delivered",
    ("message", "kind"): "marketing",
    ("api_key", "scopes"): ["ingest"],
    ("message", "shown"): ["tent"],
    ("product", "complements"): ["stove"],
    ("customer", "merged_into"): None,
}

#: Rows by table, each row its values by column.
Content = dict[str, list[dict[str, Any]]]


async def at(url: str, revision: str) -> None:
    """Migrate to this revision and no further."""
    await run.one_at_a_time(read_url(url), _to(revision))


async def fill_first_version(url: str) -> None:
    """Make a database as the first version leaves it after a while."""
    await at(url, _FIRST)
    await run.in_transaction(read_url(url), fill)


def _to(revision: str) -> Callable[[Connection], None]:
    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", MIGRATIONS)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    return upgrade


def fill(connection: Connection) -> None:
    """Write some hundred rows into every table that there is."""
    for table in _tables(connection):
        rows = [_row(table, number) for number in range(ROWS)]
        connection.execute(insert(table), rows)


def content(connection: Connection, like: Content | None = None) -> Content:
    """Everything there is; with `like` only its tables and columns."""
    found: Content = {}
    for table in _tables(connection):
        if like is not None and table.name not in like:
            continue
        columns = _columns(table, like)
        rows = connection.execute(select(*columns).order_by(*table.primary_key.columns))
        found[table.name] = [dict(row._mapping) for row in rows]
    return found


def _columns(table: Table, like: Content | None) -> Sequence[Column[Any]]:
    names = table.columns.keys() if like is None else like[table.name][0].keys()
    return [table.c[name] for name in names]


def _tables(connection: Connection) -> list[Table]:
    """Those that hold rows of ours, what others refer to first."""
    schema = MetaData()
    schema.reflect(connection)
    return [table for table in schema.sorted_tables if table.name != "alembic_version"]


def _row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number) for column in table.columns}


def _value(table: Table, column: Column[Any], number: int) -> Any:
    if (table.name, column.name) in _WORDS:
        return _WORDS[table.name, column.name]
    for key in column.foreign_keys:
        return _value(key.column.table, key.column, number)
    plain: dict[type[Any], Any] = {
        Boolean: number % 2 == 0,
        Integer: number + 1,
        Float: number / 4,
        Numeric: Decimal(number) / 4,
        DateTime: _MORNING + timedelta(minutes=number),
        Date: date(1990, 1, 1) + timedelta(days=number),
    }
    for kind, value in plain.items():
        if isinstance(column.type, kind):
            return value
    if "JSON" in type(column.type).__name__:
        return {"number": number}
    return f"{table.name[:6]} {number}"[: getattr(column.type, "length", None)]
