"""What answers may carry, and what each problem means: the words of the OpenAPI document."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final


def _text(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "RateLimit-Policy": _text(
        "The key's limit, if it has one: so many messages (`q`) in so many seconds (`w`)."
        " Every message of a batch counts, and every other request as one.",
        '"key";q=1000;w=10',
    ),
    "RateLimit": _text(
        "What is left of it (`r`), and the seconds until all of it is there again (`t`).",
        '"key";r=987;t=1',
    ),
    "Retry-After": {
        "description": "The seconds after which the same request may be sent again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "WWW-Authenticate": {
        **_text("How to prove who calls.", 'Bearer realm="Dormouse"'),
        "required": True,
    },
    "ETag": _text("The version of the settings, for `If-Match`.", '"3"'),
    "Location": _text("Where the run is found.", "/v1/runs/run_01j9zq3x7m8k2v5w6y7z8a9b0c"),
}
QUOTA: Final = ("RateLimit-Policy", "RateLimit")

#: For each status: what it means, and a problem document as an example.
PROBLEMS: Final[Mapping[HTTPStatus, tuple[str, str, str]]] = {
    HTTPStatus.BAD_REQUEST: (
        "The body cannot be read, or nothing of it can be kept.",
        "invalid-json",
        "The body is not JSON in UTF-8: expected value at line 1 column 12.",
    ),
    HTTPStatus.UNAUTHORIZED: (
        "No key was sent, or one that is unknown or revoked.",
        "key-missing",
        "A key is needed: send it as 'Authorization: Bearer KEY'.",
    ),
    HTTPStatus.FORBIDDEN: (
        "The key lacks the scope.",
        "scope-missing",
        "The key 'shop' lacks the scope 'manage'.",
    ),
    HTTPStatus.NOT_FOUND: (
        "There is nothing of this name.",
        "not-found",
        "There is no customer '4712'; an identify call makes one known.",
    ),
    HTTPStatus.CONFLICT: (
        "Understood, but the rules forbid it now; `code` says which.",
        "no-consent",
        "The customer has not agreed to marketing by email.",
    ),
    HTTPStatus.PRECONDITION_FAILED: (
        "`If-Match` names a version that is not in force any more.",
        "version-conflict",
        "The settings are at version 4 now, not 3; read them again.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "The body, or the batch, is larger than the limit.",
        "too-large",
        "The body is larger than 500 KB; send less at once.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "The body is no JSON, or packed otherwise than with gzip.",
        "unsupported-media-type",
        "The Content-Type 'text/csv' is not taken here; send application/json.",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "Something in the request is wrong; `errors` says where.",
        "invalid",
        "limit: Input should be less than or equal to 200.",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "Too much in too short a time: send the same again after `Retry-After` seconds.",
        "rate-limited",
        "The key 'shop' may send 100 messages a second; send this again in 1 second.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something broke on our side.",
        "internal",
        "Something broke on our side; the gateway's log says what.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "A part that is needed does not answer. Send the same again: what was kept counts once.",
        "unavailable",
        "The database does not answer; try again in a moment.",
    ),
}
HEADERS_OF: Final[Mapping[HTTPStatus, tuple[str, ...]]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.FORBIDDEN: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
