"""Engines: connections to SQLite and PostgreSQL, each with the settings that it needs here."""

import sqlite3
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Final

from sqlalchemy import URL, ExceptionContext, event
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from store.addresses import Access
from store.failures import no_answer_from
from store.sqlite_driver import Connection

#: How long to wait for a lock or a free connection, in seconds.
PATIENCE: Final = 30
#: A pooled connection that rested for longer, in seconds, is tried before somebody gets it.
_TRIED_AFTER: Final = 30.0
_RESTS_SINCE: Final = "rests_since"


def sqlite_engine(
    url: URL, *, begin: str | None, pragmas: Sequence[str] = (), **options: Any
) -> AsyncEngine:
    """An engine over a file; `begin` begins a transaction, None leaves every statement alone."""
    engine = create_async_engine(
        url,
        # We begin transactions ourselves: the driver would begin too late, and never IMMEDIATE.
        connect_args={
            "timeout": PATIENCE,
            "isolation_level": None,
            "async_creator_fn": Connection,
        },
        hide_parameters=True,  # errors are logged, and what is written here is about people
        **options,
    )
    hooks = engine.sync_engine
    event.listen(hooks, "do_connect", _try)
    event.listen(hooks, "connect", _preparing(pragmas))
    event.listen(hooks, "reset", _take_back_what_failed)
    if begin:
        event.listen(hooks, "begin", partial(_begin, begin))
    return engine


def _begin(statement: str, connection: SyncConnection) -> None:
    driver = connection.connection.driver_connection
    if not (isinstance(driver, Connection) and driver.begins_at_once(statement)):
        connection.exec_driver_sql(statement)


def _take_back_what_failed(connection: Any, _entry: object, given_back: PoolResetState) -> None:
    # SQLAlchemy holds a transaction that could not be committed to be over, which it is not.
    if given_back.asyncio_safe:
        connection.rollback()


def postgresql_engine(
    access: Access,
    *,
    session_settings: Mapping[str, str] | None = None,
    answers_within: float | None = None,
    tried_after: float = _TRIED_AFTER,
    **options: Any,
) -> AsyncEngine:
    """An engine over a server; `session_settings` are by PostgreSQL's names.

    A pooler between us and the server refuses such settings: then they are its own business. A
    server that says nothing for `answers_within` seconds counts as gone. A connection is tried
    when it has rested for more than `tried_after` seconds. What is not committed when a connection
    is given back is taken back, whoever has begun it; where that fails, it is closed.
    """
    arguments = dict(access.arguments)
    if arguments.pop("trusts_system", False):
        arguments["ssl"] = ssl.create_default_context()
    settings = dict(access.server_settings)
    if access.is_pooled_outside:
        # A statement prepared in one session of the server is unknown to the next.
        unnamed = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
        arguments |= {**unnamed, "prepared_statement_name_func": str}
    else:
        settings |= session_settings or {}
    told = {**arguments, "server_settings": settings, "command_timeout": answers_within}
    engine = create_async_engine(access.url, connect_args=told, hide_parameters=True, **options)
    hooks = engine.sync_engine
    event.listen(hooks, "handle_error", _tell_silence)
    event.listen(hooks, "reset", _take_back)
    event.listen(hooks, "checkin", _note_rest)
    event.listen(hooks, "checkout", _requiring_life(tried_after))
    return engine


def _take_back(connection: Any, _entry: object, given_back: PoolResetState) -> None:
    driver = connection.driver_connection
    # Who cannot wait for the answer, as the garbage collector, closes the connection anyway.
    if given_back.asyncio_safe and not driver.is_closed() and driver.is_in_transaction():
        connection.run_async(lambda driver: driver.execute("ROLLBACK"))


def _note_rest(_connection: object, entry: ConnectionPoolEntry) -> None:
    entry.info[_RESTS_SINCE] = monotonic()


def _requiring_life(tried_after: float) -> Callable[[Any, ConnectionPoolEntry, object], None]:
    """Has a dead connection replaced by a new one.

    The driver knows when the server or somebody on the way has closed it. Only who forgets a
    resting one without a word has to be found out, by asking it: to do so each time would cost as
    much as a statement does.
    """

    def require(connection: Any, entry: ConnectionPoolEntry, _fairy: object) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        now = monotonic()
        if now - entry.info.get(_RESTS_SINCE, now) <= tried_after:
            return
        try:
            connection.ping()
        except (connection.dbapi.Error, OSError) as error:
            raise DisconnectionError from error

    return require


def _tell_silence(context: ExceptionContext) -> None:
    # The driver's own word for it could be anybody's.
    if isinstance(context.original_exception, TimeoutError) and context.engine:
        raise no_answer_from(context.engine.url) from context.original_exception


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
