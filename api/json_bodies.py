"""JSON bodies: what they must be so that every database keeps them faithfully."""

import math
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json, to_json

from api.errors import Problem

#: Browsers' beacons may not say application/json, so Segment's own say text/plain.
_MEDIA_TYPES: Final = ("application/json", "text/plain")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NUL: Final = b"\\u0000"
_INFINITE: Final = b"Infinity"


class JsonRoute(APIRoute):
    """A route whose JSON bodies meet the same rules as those of the Segment calls."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, with our way of reading JSON."""
        answer = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            if self.body_field:
                require_json(request)
            return await answer(_JsonRequest(request.scope, request.receive))

        return read_strictly


class _JsonRequest(Request):
    async def json(self) -> Any:
        value = parse_json(await self.body())
        if flaw := flaw_of(value):
            raise _invalid(f"The body cannot be kept: it holds {flaw}.")
        return value


async def read_json(request: Request) -> Any:
    """The request's body as JSON, whose flaws are still to be found; raises Problem (4xx)."""
    require_json(request)
    return parse_json(await request.body())


def require_json(request: Request) -> None:
    """Raise Problem (415) when the body says that it is something else than JSON."""
    content_type = request.headers.get("content-type", "application/json")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _MEDIA_TYPES or media_type.endswith("+json"):
        return
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        f"The Content-Type {media_type!r} is not taken here; send application/json.",
        headers={"Accept": "application/json"},
    )


def parse_json(body: bytes) -> Any:
    """`body` as JSON, 200 levels deep at most; raises Problem (400) naming line and column."""
    try:
        return from_json(body.removeprefix(_BYTE_ORDER_MARK), allow_inf_nan=False)
    except ValueError as error:
        raise _invalid(f"The body is not JSON in UTF-8: {error}.") from error


def flaw_of(value: Any) -> str | None:
    """What in a parsed JSON value no database keeps faithfully; None when all is well."""
    written = to_json(value, inf_nan_mode="constants")
    if _NUL in written or _INFINITE in written:  # perhaps in a text that only speaks of it
        return _flaw_inside(value)
    return None


def _flaw_inside(value: Any) -> str | None:
    match value:
        case str():
            return "a NUL character" if "\0" in value else None
        case dict():
            return _flaw_inside([*value, *value.values()])
        case list():
            return next((flaw for part in value if (flaw := _flaw_inside(part))), None)
        case float() if not math.isfinite(value):
            return "a number beyond the range of floating-point"
    return None


def _invalid(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-json", detail)
