"""What comes over the wire, byte by byte: slow, cut short, doubled or far too much."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from api.app import Services, create_app
from config import Settings
from local.patience import PatientProtocol
from sending.links import Links
from store.keys import create_key
from store.sessions import Database
from tests.fakes.clock import Clock
from tests.fakes.control import FakeControl
from tests.fakes.intake import FakeIntake
from tests.fakes.served import served
from workflows.catalogue import CATALOGUE

SECRET: Final = "s" * 32
VIEW: Final = b'{"userId":"1","event":"Product Viewed"}'


class HastyProtocol(PatientProtocol):
    """As patient as a test may be."""

    patience = 0.3


@dataclass
class Wire:
    """A gateway, spoken to by hand."""

    port: int
    key: str
    intake: FakeIntake

    def post(self, *headers: str, body: bytes = VIEW) -> bytes:
        lines = [
            "POST /v1/track HTTP/1.1",
            "Host: gateway",
            f"Authorization: Bearer {self.key}",
            *headers,
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def says(self, *pieces: bytes, pause: float = 0) -> str:
        """All that the gateway answers before it hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        heard = b""
        with suppress(ConnectionError):  # it has hung up in the middle
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                heard = await reader.read()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()
        return heard.decode()


@pytest.fixture
def wire(database_url: str, tmp_path: Path) -> Iterator[Wire]:
    settings = Settings.model_validate({"data_dir": tmp_path, "secret_key": SECRET})
    wire = Wire(0, "", FakeIntake())

    @asynccontextmanager
    async def opened() -> AsyncIterator[Services]:
        database = Database.open(database_url)
        async with database.writing() as session:
            wire.key = await create_key(session, name="shop", scopes=["ingest"], now=Clock()())
        yield Services(
            settings=settings,
            database=database,
            intake=wire.intake,
            control=FakeControl(),
            catalogue=CATALOGUE,
            links=Links(SECRET, settings.base_url),
        )
        await database.close()

    with served(create_app(opened), http=HastyProtocol) as url:
        wire.port = int(url.rpartition(":")[2])
        yield wire


def length(body: bytes = VIEW, *, more: int = 0) -> str:
    return f"Content-Length: {len(body) + more}"


class TestAConnection:
    async def test_that_says_nothing_is_closed(self, wire: Wire) -> None:
        assert await wire.says() == ""

    async def test_that_says_its_headers_slowly_is_closed(self, wire: Wire) -> None:
        slowly = [bytes([byte]) for byte in wire.post(length())[:40]]

        assert await wire.says(*slowly, pause=0.01) == ""

    async def test_that_says_its_body_slowly_is_closed_and_nothing_kept(self, wire: Wire) -> None:
        slowly = [wire.post(length(), body=b""), *(bytes([byte]) for byte in VIEW[:35])]

        await wire.says(*slowly, pause=0.01)

        assert wire.intake.taken == []

    async def test_may_rest_longer_than_a_request_may_take(self, wire: Wire) -> None:
        request = wire.post(length())
        last = wire.post(length(), "Connection: close")

        heard = await wire.says(request, last, pause=0.5)

        assert heard.count("HTTP/1.1 200 OK") == 2

    async def test_takes_requests_that_do_not_wait_for_answers(self, wire: Wire) -> None:
        last = wire.post(length(), "Connection: close")

        heard = await wire.says(wire.post(length()) * 20 + last)

        assert heard.count("HTTP/1.1 200 OK") == 21


class TestARequest:
    async def test_shorter_than_it_says_is_not_kept_and_no_fault_of_ours(
        self, wire: Wire, caplog: pytest.LogCaptureFixture
    ) -> None:
        await wire.says(wire.post(length(more=10)))

        assert wire.intake.taken == []
        assert caplog.text == ""

    async def test_longer_than_it_says_is_refused(self, wire: Wire) -> None:
        heard = await wire.says(wire.post(length(), body=VIEW + b"}GET /"))

        assert heard.startswith("HTTP/1.1 400 Bad Request")

    async def test_in_chunks_needs_no_length(self, wire: Wire) -> None:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(VIEW), VIEW)

        heard = await wire.says(
            wire.post("Transfer-Encoding: chunked", "Connection: close", body=body)
        )

        assert heard.startswith("HTTP/1.1 200 OK")

    async def test_with_two_lengths_is_refused(self, wire: Wire) -> None:
        heard = await wire.says(wire.post(length(), "Transfer-Encoding: chunked"))

        assert heard.startswith("HTTP/1.1 400 Bad Request")
        assert wire.intake.taken == []

    @pytest.mark.parametrize(
        "nonsense", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    )
    async def test_that_is_none_is_refused(self, wire: Wire, nonsense: bytes) -> None:
        heard = await wire.says(nonsense)

        assert heard.startswith("HTTP/1.1 400 Bad Request")

    async def test_with_thousands_of_headers_is_answered_or_refused(self, wire: Wire) -> None:
        many = [f"X-Header-{number}: {'x' * 50}" for number in range(5_000)]

        heard = await wire.says(wire.post(*many, length(), "Connection: close"))

        assert heard[:12] in {"HTTP/1.1 200", "HTTP/1.1 400", "HTTP/1.1 431"}

    async def test_by_head_gets_no_body(self, wire: Wire) -> None:
        heard = await wire.says(
            b"HEAD /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
        )

        assert heard.startswith("HTTP/1.1 200 OK")
        assert heard.endswith("\r\n\r\n")
