"""A way to a PostgreSQL server on which everything can fall silent, as when a cable is cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import URL, make_url


@dataclass
class Relay:
    """Passes on what is said, as long as it is `open`."""

    target: URL
    url: str = ""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    #: How often somebody said something to the server.
    trips: int = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Relay"]:
        """A relay to the database at `url`, at an address of its own."""
        relay = cls(make_url(url))
        relay.speaks_again()
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(asyncio.create_task(relay._connect(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        near = relay.target.set(host="127.0.0.1", port=port, query={"connect_timeout": "1"})
        relay.url = near.render_as_string(hide_password=False)
        try:
            yield relay
        finally:
            server.close()
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    def falls_silent(self) -> None:
        self.open.clear()

    def speaks_again(self) -> None:
        self.open.set()

    def forgets(self) -> None:
        """What is connected is silent for ever; who connects anew is heard."""
        self.open.clear()
        self.open = asyncio.Event()
        self.open.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_open = self.open
        far_reader, far_writer = await self._reach()

        def count() -> None:
            self.trips += 1

        try:
            await asyncio.gather(
                _pass_on(reader, far_writer, is_open, count),
                _pass_on(far_reader, writer, is_open),
            )
        finally:
            far_writer.close()
            writer.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = self.target.query.get("host")
        port = int(self.target.port or str(self.target.query.get("port", 5432)))
        if isinstance(folder, str) and folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self.target.host or "127.0.0.1", port)


async def _pass_on(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    is_open: asyncio.Event,
    note: Callable[[], None] = lambda: None,
) -> None:
    with suppress(ConnectionError):
        while said := await source.read(65_536):
            note()
            await is_open.wait()
            sink.write(said)
            await sink.drain()
        sink.close()
