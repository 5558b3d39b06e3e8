"""Bodies: how large they may be, packed and unpacked, and how much of them is held at once.

The limits hold while a body is read, so that nobody can make us keep more than we allow; a
compressed body is unpacked on the way and meets the same limit again.
"""

import zlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RETRY_AFTER, Problem

KILOBYTE: Final = 1_024
#: Segment's own limits for one call and for a batch: its clients go up to them.
ONE_CALL: Final = 32 * KILOBYTE
ONE_BATCH: Final = 500 * KILOBYTE
ONE_WEBHOOK: Final = 10_000 * KILOBYTE
ONE_CATALOGUE: Final = 5_000 * KILOBYTE
_GZIP: Final = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What the bodies sent to paths that begin with `path` may be."""

    path: str
    size: int
    gzip: bool = True
    #: Bytes of all of them together that one gateway holds at once. Set where bodies are large and
    #: are read before it is known whose they are.
    at_once: int | None = None


#: The first that matches holds.
BODY_LIMITS: Final = (
    BodyLimit("/v1/batch", ONE_BATCH),
    BodyLimit("/v1/import", ONE_BATCH),
    BodyLimit("/v1/products", ONE_CATALOGUE, at_once=3 * ONE_CATALOGUE),
    BodyLimit("/v1/webhooks/", ONE_WEBHOOK, gzip=False, at_once=3 * ONE_WEBHOOK),
    BodyLimit("/v1/journeys/", 100 * KILOBYTE),
    BodyLimit("", ONE_CALL),
)


class LimitedBodies:
    """Middleware that unpacks gzip and stops reading where the path's limit is."""

    def __init__(self, app: ASGIApp, *, limits: tuple[BodyLimit, ...] = BODY_LIMITS) -> None:
        self._app = app
        self._rooms = [(limit, _Room(limit.at_once)) for limit in limits]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that keeps to the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        limit, room = next(each for each in self._rooms if path.startswith(each[0].path))
        body = _Body(receive, limit, room, Headers(scope=scope))
        try:
            await self._app(scope, body, send)
        finally:
            room.free(body.held)


class _Room:
    """Bytes of bodies that are held at once; what finds no room is to come again."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._taken = 0

    def take(self, count: int) -> None:
        """Hold `count` bytes more; raises Problem (503) when there is no room for them."""
        if self._size is not None and self._taken + count > self._size:
            raise _no_room()
        self._taken += count

    def free(self, count: int) -> None:
        """Hold `count` bytes less."""
        self._taken -= count


class _Body:
    """A body being read: the application's `receive`."""

    def __init__(self, receive: Receive, limit: BodyLimit, room: _Room, headers: Headers) -> None:
        self._receive = receive
        self._limit = limit
        self._room = room
        #: Bytes that were passed on.
        self.held = 0
        self._headers = headers
        self._size = 0
        self._unpacked = 0
        self._started = False
        self._gzip: Any = None

    async def __call__(self) -> Message:
        if not self._started:
            self._started = True
            self._look_at_headers()
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        body = message.get("body", b"")
        self._size += len(body)
        if self._size > self._limit.size:
            raise too_large(self._limit.size)
        if self._gzip:
            body = self._unpack(body, is_last=not message.get("more_body", False))
        self._room.take(len(body))
        self.held += len(body)
        return {**message, "body": body}

    def _look_at_headers(self) -> None:
        length = self._headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limit.size:
            raise too_large(self._limit.size)
        encoding = self._headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return
        if encoding != "gzip" or not self._limit.gzip:
            raise _unsupported_encoding(encoding, takes_gzip=self._limit.gzip)
        self._gzip = zlib.decompressobj(_GZIP)

    def _unpack(self, packed: bytes, *, is_last: bool) -> bytes:
        room = self._limit.size - self._unpacked
        try:
            # One byte more than there is room for: enough to know, however much would follow.
            body: bytes = self._gzip.decompress(packed, room + 1)
        except zlib.error as error:
            raise _not_gzip() from error
        self._unpacked += len(body)
        if self._unpacked > self._limit.size:
            raise too_large(self._limit.size)
        if self._gzip.unused_data or (is_last and not self._gzip.eof):
            raise _not_gzip()
        return body


def too_large(limit: int) -> Problem:
    """The answer to a body of more than `limit` bytes, packed or unpacked."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"The body is larger than {limit // KILOBYTE} KB; send less at once.",
    )


def _no_room() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "Too many large bodies come in at once; send it again.",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


def _unsupported_encoding(encoding: str, *, takes_gzip: bool) -> Problem:
    cure = "send it as it is or with gzip" if takes_gzip else "send it uncompressed"
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-encoding",
        f"The Content-Encoding {encoding!r} is not taken here; {cure}.",
        headers={"Accept-Encoding": "gzip" if takes_gzip else "identity"},
    )


def _not_gzip() -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "broken-gzip",
        "The body is not one complete gzip stream; compress it again or send it as it is.",
    )
