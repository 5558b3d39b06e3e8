"""The least that an intake can do: keep validated messages, many callers in one commit.

No people, no routing, no runs: every event is of one customer who is there already. Rows are
written as each database takes them fastest, past SQLAlchemy.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Self

from pydantic_core import to_json

from domain.incoming import Incoming
from store import tables
from store.sessions import AsyncSession, Database

_CUSTOMER: Final = "cus_of_the_benchmark"
_LARGEST_GROUP: Final = 2_000
_SQLITE: Final = """
    INSERT INTO event
        (message_id, customer_id, name, properties, happened_at, received_at, is_history)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (message_id) DO NOTHING
"""
_POSTGRESQL: Final = """
    INSERT INTO event
        (message_id, customer_id, name, properties, happened_at, received_at, is_history)
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[],
        $7::bool[]
    )
    ON CONFLICT (message_id) DO NOTHING
"""
_Waiting = tuple[Sequence[Incoming], asyncio.Future[None]]


class BareIntake:
    """Group commit of nothing but events. Open it with `async with`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async with self._database.writing() as session:
            if await session.get(tables.Customer, _CUSTOMER) is None:
                session.add(tables.Customer(id=_CUSTOMER, created_at=datetime.now(UTC)))
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._waiting.put(None)
        if self._writer:
            await self._writer

    async def accept(self, incoming: Sequence[Incoming]) -> None:
        """Return once the messages are committed."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._waiting.put((incoming, answer))
        await answer

    async def _write(self) -> None:
        while (first := await self._waiting.get()) is not None:
            group, size = [first], len(first[0])
            while size < _LARGEST_GROUP and not self._waiting.empty():
                following = self._waiting.get_nowait()
                if following is None:
                    await self._waiting.put(None)  # seen again once this group is committed
                    break
                group.append(following)
                size += len(following[0])
            async with self._database.writing() as session:
                await _insert(session, [message for messages, _ in group for message in messages])
            for _, answer in group:
                answer.set_result(None)


async def _insert(session: AsyncSession, messages: Sequence[Incoming]) -> None:
    raw = await (await session.connection()).get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None  # noqa: S101 - it was just connected
    if session.get_bind().dialect.name == "sqlite":
        await driver.executemany(_SQLITE, [_sqlite_row(message) for message in messages])
    else:
        await driver.execute(_POSTGRESQL, *zip(*map(_row, messages), strict=True))


def _row(message: Incoming) -> tuple[object, ...]:
    return (
        message.message_id,
        _CUSTOMER,
        message.name or message.call,
        to_json(message.properties or message.traits).decode(),
        message.happened_at,
        message.received_at,
        message.is_history,
    )


def _sqlite_row(message: Incoming) -> tuple[object, ...]:
    return tuple(
        value.replace(tzinfo=None).isoformat(" ", "microseconds")
        if isinstance(value, datetime)
        else value
        for value in _row(message)
    )
