"""Sessions: how the rest of the house reaches the database, and what it may expect of it.

SQLite has one writer at a time. Every process keeps one writing connection that takes the lock
as it begins, so that writers of several processes queue instead of failing; readers never wait.

PostgreSQL has many. Who reads something in order to change it locks the row first; each statement
sees what was committed before it began.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypedDict

from sqlalchemy import URL
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from store.addresses import access_to, read_url
from store.drivers import PostgresqlDriver, SqliteDriver, driver_behind
from store.engines import PATIENCE, postgresql_engine, sqlite_engine
from store.failures import explained

__all__ = ["AsyncSession", "Database", "connection_of", "driver_of"]

_READERS: Final = 5
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    # Pages of 4 KB until the log is brought into the file: a large group writes a thousand, mostly
    # the same ones as the group before, and would pay for that each time.
    "wal_autocheckpoint = 8000",
    "cache_size = -65536",  # KB: the indexes of millions of events, instead of the 2 MB it takes
)
#: No statement takes longer, and nobody who fell silent keeps others waiting for longer.
_TIMEOUTS: Final = {
    "lock_timeout": f"{PATIENCE}s",
    "statement_timeout": f"{2 * PATIENCE}s",
    "idle_in_transaction_session_timeout": f"{2 * PATIENCE}s",
}
#: Plans are made anew each time: one from when a table was small reads all of it for ever. They are
#: for a few rows found by their keys, on disks for which one place is as near as another.
_PLANS: Final = {"plan_cache_mode": "force_custom_plan", "jit": "off", "random_page_cost": "1.1"}
#: Said, since a server may be set up otherwise: with a lock must come what its last owner wrote.
_ISOLATION: Final = {"default_transaction_isolation": "read committed"}
#: What begins a transaction.
_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
#: Longer than the server itself would let a statement take.
_ANSWERS_WITHIN: Final = 2 * PATIENCE + 5
#: Connections are made anew after so many seconds: servers behind one name may change.
_RENEW_AFTER: Final = 1_800
_CONNECTION: Final = "connection"
_DRIVER: Final = "driver"


class _Session(AsyncSession):
    """A session that ends with its block."""

    async def rollback(self) -> None:
        """Refused: the transaction is not the session's own."""
        raise InvalidRequestError("Let an error leave the session's block: it takes all back.")


@dataclass(frozen=True, slots=True)
class _Way:
    """How sessions of a kind are opened."""

    engine: AsyncEngine
    #: The statement that begins a transaction, where the engine does not.
    begin: str | None = None


class Database:
    """One database, SQLite or PostgreSQL. Open one per process and close it at the end."""

    def __init__(self, url: URL, *, reader: _Way, writer: _Way, single: _Way | None) -> None:
        self._url = url
        self._reader = reader
        self._writer = writer
        self._single = single

    @classmethod
    def open(cls, url: str, *, answers_within: float = _ANSWERS_WITHIN) -> "Database":
        """The database at `url`; connects at the first session. Raises Invalid for a wrong URL.

        A server that says nothing for `answers_within` seconds counts as gone.
        """
        address = read_url(url)
        if address.get_backend_name() == "sqlite":
            return cls(address, **_sqlite(address))
        return cls(address, **_postgresql(address, answers_within))

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and cannot change it."""
        async with self._session(self._reader) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, and takes everything back when an error leaves it.

        Nothing but its end commits: to `commit` the session itself writes what it holds, no more.
        Raises Unavailable when the database cannot take the changes now.
        """
        async with self._session(self._writer) as session:
            yield session
            if session.in_transaction():  # or nobody has asked SQLAlchemy for anything
                await session.commit()
            await driver_of(session).commit()

    @asynccontextmanager
    async def writing_once(self) -> AsyncIterator[AsyncSession]:
        """A session for one statement of its driver's, which is a transaction by itself.

        Where the database can make it one: it saves the trips that begin and commit.
        """
        if self._single is None:
            async with self.writing() as session:
                yield session
        else:
            async with self._session(self._single) as session:
                yield session

    @asynccontextmanager
    async def reading_once(self) -> AsyncIterator[AsyncSession]:
        """As `writing_once`, for a statement that changes nothing."""
        async with self._session(self._single or self._reader) as session:
            yield session

    async def close(self) -> None:
        """Give back all connections."""
        await self._writer.engine.dispose()
        await self._reader.engine.dispose()

    @asynccontextmanager
    async def _session(self, way: _Way) -> AsyncIterator[AsyncSession]:
        async with AsyncExitStack() as stack:
            with explained(self._url):
                connection = await stack.enter_async_context(way.engine.connect())
                session = _Session(connection, expire_on_commit=False)
                session.info[_CONNECTION] = connection
                session.info[_DRIVER] = driver = driver_behind(connection, begin=way.begin)
                await driver.begin()
            with explained(self._url, connected=True):
                try:
                    yield session
                finally:
                    del session.info[_DRIVER]
                    driver.end()
                    if session.in_transaction() or session.identity_map or session.new:
                        await session.close()  # or its objects wait for the collector of cycles


def connection_of(session: AsyncSession) -> AsyncConnection:
    """The connection of a session of ours, for statements past its objects.

    To ask the session itself costs as much as many a statement.
    """
    connection: AsyncConnection = session.info[_CONNECTION]
    return connection


def driver_of(session: AsyncSession) -> SqliteDriver | PostgresqlDriver:
    """The driver behind a session of ours, for statements past SQLAlchemy."""
    driver: SqliteDriver | PostgresqlDriver = session.info[_DRIVER]
    return driver


class _Ways(TypedDict):
    """How the sessions of a database are opened."""

    reader: _Way
    writer: _Way
    #: Where every statement is a transaction by itself.
    single: _Way | None


def _sqlite(url: URL) -> _Ways:
    pool = {"max_overflow": 0, "pool_timeout": PATIENCE}
    read_only = (*_PRAGMAS, "query_only = ON")
    reader = sqlite_engine(url, begin="BEGIN", pragmas=read_only, pool_size=_READERS, **pool)
    writer = sqlite_engine(url, begin="BEGIN IMMEDIATE", pragmas=_PRAGMAS, pool_size=1, **pool)
    return {"reader": _Way(reader), "writer": _Way(writer), "single": None}


def _postgresql(url: URL, answers_within: float) -> _Ways:
    access = access_to(url)
    engine = postgresql_engine(
        access,
        session_settings={**_TIMEOUTS, **_PLANS, **_ISOLATION},
        answers_within=answers_within,
        pool_size=access.pool_size,
        max_overflow=0,
        pool_timeout=PATIENCE,
        pool_recycle=_RENEW_AFTER,
        isolation_level="AUTOCOMMIT",  # for SQLAlchemy, which is to begin and end nothing
    )
    return {
        "reader": _Way(engine, _READ),
        "writer": _Way(engine, _WRITE),
        # A pooler may take a statement to one session of the server and its values to another.
        "single": None if access.is_pooled_outside else _Way(engine),
    }
