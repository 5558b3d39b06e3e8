"""Engines: connections to SQLite and PostgreSQL, each with the settings that it needs here."""

import sqlite3
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import URL, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from store.addresses import Access
from store.failures import no_answer_from
from store.sqlite_driver import Connection

#: How long to wait for a lock or a free connection, in seconds.
PATIENCE: Final = 30


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
    if begin:
        event.listen(hooks, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def postgresql_engine(
    access: Access,
    *,
    session_settings: Mapping[str, str] | None = None,
    answers_within: float | None = None,
    **options: Any,
) -> AsyncEngine:
    """An engine over a server; `session_settings` are by PostgreSQL's names.

    A pooler between us and the server refuses such settings: then they are its own business. A
    server that says nothing for `answers_within` seconds counts as gone.
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
    event.listen(engine.sync_engine, "handle_error", _tell_silence)
    return engine


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
