"""Engines: connections to SQLite and PostgreSQL, each with the settings that it needs here."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.errors import Invalid

#: How long to wait for a lock or a free connection, in seconds.
PATIENCE: Final = 30
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def read_url(url: str) -> URL:
    """The address of a database, with its asynchronous driver; raises Invalid with an example."""
    try:
        address = make_url(url)
        driver = _DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError) as error:
        raise Invalid(
            "The database's URL must look like sqlite+aiosqlite:///path/to/dormouse.db or"
            " postgresql+asyncpg://user:password@host/database."
        ) from error
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise Invalid("SQLite needs a file here: write sqlite+aiosqlite:///path/to/dormouse.db.")
    return address.set(drivername=driver)


def sqlite_engine(
    url: URL, *, begin: str | None, pragmas: Sequence[str] = (), **options: Any
) -> AsyncEngine:
    """An engine over a file; `begin` begins a transaction, None leaves every statement alone."""
    engine = create_async_engine(
        url,
        # We begin transactions ourselves: the driver would begin too late, and never IMMEDIATE.
        connect_args={"timeout": PATIENCE, "isolation_level": None},
        **options,
    )
    hooks = engine.sync_engine
    event.listen(hooks, "do_connect", _try)
    event.listen(hooks, "connect", _preparing(pragmas))
    if begin:
        event.listen(hooks, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def postgresql_engine(url: URL, **options: Any) -> AsyncEngine:
    """An engine over a server."""
    return create_async_engine(
        url,
        connect_args={"timeout": 10, "server_settings": {"application_name": "dormouse"}},
        **options,
    )


def _try(
    _dialect: object, _record: object, arguments: Sequence[str], options: Mapping[str, Any]
) -> None:
    # When a connection fails, the driver leaves a thread behind that may outlive the event loop
    # and complain on the way out. So it had better fail here.
    sqlite3.connect(arguments[0], uri=options.get("uri", False)).close()


def _preparing(pragmas: Sequence[str]) -> Callable[[Any, object], None]:
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare
