"""Friends, kept or not: what a transaction has left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from store.sessions import AsyncSession, Database, driver_of
from tests.fakes.relay import Relay

#: Whether one knows the other is looked at when a transaction is committed.
FRIENDS = (
    "CREATE TABLE friend (id INTEGER PRIMARY KEY,"
    " knows INTEGER REFERENCES friend (id) DEFERRABLE INITIALLY DEFERRED)"
)
#: Somebody who is cancelled, or whose connection was cut, is gone before that, in seconds.
SOON = 5


async def told(session: AsyncSession, statement: str) -> list[tuple[object, ...]]:
    """What the driver says to a statement."""
    return [tuple(row) for row in await driver_of(session).fetch(statement, ())]


async def meet(session: AsyncSession, one: int = 1, other: int = 1) -> None:
    """Somebody new, who knows somebody else."""
    driver = driver_of(session)
    values = "?, ?" if driver.is_sqlite else "$1, $2"
    meeting = f"INSERT INTO friend VALUES ({values}) RETURNING id"  # noqa: S608 - our own
    await driver.fetch(meeting, (one, other))


async def write(database: Database, *steps: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Take these steps in one transaction."""
    async with database.writing() as session:
        for step in steps:
            await step(session)


async def friends(database: Database) -> list[tuple[object, ...]]:
    async with database.reading() as session:
        return await told(session, "SELECT id FROM friend ORDER BY id")


async def are_all_over(database: Database) -> bool:
    """Whether no transaction waits for its end, besides the one that looks."""
    if database.dialect == "sqlite":
        await write(database)  # would wait for whoever is in a transaction
        return True
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
    )
    until = monotonic() + SOON  # the server may not have noticed yet that somebody left
    while monotonic() < until:
        async with database.reading() as session:
            if not await told(session, waiting):
                return True
        await asyncio.sleep(0.05)
    return False


async def end(session: AsyncSession, database: Database) -> None:
    """The server ends the session."""
    [(number,)] = await told(session, "SELECT pg_backend_pid()")
    async with database.writing() as other:
        await told(other, f"SELECT pg_terminate_backend({number}, 5000)")


async def silence(relay: Relay) -> None:
    """From here on nothing is heard."""
    relay.falls_silent()


async def is_cancelled(work: Awaitable[object]) -> bool:
    """Whether work that has begun ends soon when it is cancelled."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task}, timeout=SOON)
    return task.cancelled()
