"""Load over HTTP: requests encoded beforehand, posted over many connections as fast as answered.

It parses no more of an answer than it must, so that it is not the limit of what it measures.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from benchmarks.intake.traffic import Message

_ANSWERED_WITHIN: Final = 120
_OK: Final = b"HTTP/1.1 200 "
#: Every message of the request was kept; what was not is told under another name.
_KEPT: Final = b'{"success":true'
_NOT_KEPT: Final = b'"rejected":'
_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Tally:
    """How it went."""

    seconds: float = 0
    #: Of each request, in seconds.
    latencies: list[float] = field(default_factory=list)

    def within(self, share: float) -> float:
        """The time, in milliseconds, in which this share of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000


def requests(messages: Sequence[Message], *, size: int, key: str) -> list[bytes]:
    """Messages as requests: one call each, or in batches of `size`."""
    if size == 1:
        return [_request(f"/v1/{message['type']}", message, key) for message in messages]
    batches = (messages[start : start + size] for start in range(0, len(messages), size))
    return [_request("/v1/batch", {"batch": batch}, key) for batch in batches]


async def post(requests: Sequence[bytes], *, port: int, connections: int) -> Tally:
    """Post everything, each connection its next request as soon as it has its answer.

    Raises RuntimeError for the first answer that does not say that all was kept.
    """
    loop, tally, waiting = asyncio.get_running_loop(), Tally(), iter(requests)
    clients = [_Connection(waiting, tally) for _ in range(min(connections, len(requests)))]
    transports = [
        (await loop.create_connection(lambda client=client: client, "127.0.0.1", port))[0]  # type: ignore[misc]
        for client in clients
    ]
    started = time.perf_counter()
    for client in clients:
        client.post_next()
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN):
            await asyncio.gather(*(client.done for client in clients))
    finally:
        for transport in transports:
            transport.close()
    tally.seconds = time.perf_counter() - started
    return tally


def _request(path: str, body: Any, key: str) -> bytes:
    content = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class _Connection(asyncio.Protocol):
    def __init__(self, waiting: Iterator[bytes], tally: Tally) -> None:
        self._waiting = waiting
        self._tally = tally
        self._received = b""
        self._started = 0.0
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def post_next(self) -> None:
        """Post the next request, or be done."""
        request = next(self._waiting, None)
        if request is None or self._transport is None:
            self.done.set_result(None)
            return
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read an answer, and post the next request if it says that all was kept."""
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        told = _LENGTH.search(head)
        if told is None or len(body) < int(told[1]):
            return  # there is more to come
        if head.startswith(_OK) and body.startswith(_KEPT) and _NOT_KEPT not in body:
            self._tally.latencies.append(time.perf_counter() - self._started)
            self._received = b""
            self.post_next()
        elif not self.done.done():
            self.done.set_exception(RuntimeError(self._received.decode()))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("The gateway hung up."))
