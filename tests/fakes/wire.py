"""A wire to a server that can be cut, and mended."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """Forwards connections of a local port to `target` ("host:port"); with `tls`, takes it off."""

    def __init__(self, target: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._host, _, self._port = target.rpartition(":")
        self._server: asyncio.Server | None = None
        self._own_port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """Where it takes connections."""
        return f"127.0.0.1:{self._own_port}"

    async def mend(self) -> None:
        """Take connections, at the same port as before."""
        self._server = await asyncio.start_server(
            self._forward, "127.0.0.1", self._own_port, ssl=self._tls
        )
        self._own_port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Take no connections, and break those that there are."""
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, int(self._port))
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def wire_to(target: str, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """A wire that is whole at first, and cut in the end."""
    wire = Wire(target, tls=tls)
    await wire.mend()
    yield wire
    await wire.cut()
