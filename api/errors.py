"""Errors as RFC 9457 problem documents: one shape for everything that can go wrong.

`title` is the phrase of the HTTP status, `code` names the problem for programs, `detail` says to
people what to do, and `errors` lists the places when several things are wrong at once.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as RoutingError
from starlette.requests import ClientDisconnect

from api.methods import allowed_methods
from domain.errors import DormouseError, Invalid, NotFound, Refused, Unavailable

logger = logging.getLogger(__name__)

#: After so many seconds a request that failed for our sake may be sent again.
RETRY_AFTER: Final = 1
_INTERNAL: Final = "Something broke on our side; the gateway's log says what."


class Place(BaseModel):
    """One thing that is wrong, and where."""

    field: str | None = Field(None, examples=["properties.price"])
    index: int | None = Field(None, description="The message's place in the batch, from 0.")
    message: str


class ProblemDocument(BaseModel):
    """What every error looks like (RFC 9457)."""

    type: str = Field("about:blank", description="The title says what kind of problem it is.")
    title: str = Field(examples=["Forbidden"])
    status: int = Field(examples=[403])
    code: str = Field(description="The problem's name for programs.", examples=["scope-missing"])
    detail: str = Field(description="What is wrong and what to do about it.")
    errors: list[Place] | None = None


class Problem(HTTPException):
    """An error that an endpoint or dependency answers with; `code` names it for programs."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.errors = errors


class ProblemResponse(JSONResponse):
    """A problem document on its way out."""

    media_type = "application/problem+json"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The answer with the problem document for `status`."""
    return ProblemResponse(problem_document(status, code, detail, errors), status, headers)


def problem_document(
    status: int, code: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """What a problem looks like."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
    }
    if errors:
        document["errors"] = list(errors)
    return document


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.add_exception_handler(DormouseError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(RoutingError, _refused_by_http)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unexpected)


def places(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pydantic's errors as places: a path in the caller's own words, and what is wrong there."""
    return [
        {"field": _path(error["loc"]), "message": error["msg"].removeprefix("Value error, ")}
        for error in errors
    ]


def _path(location: Sequence[str | int]) -> str:
    inside = location[1:] if location[:1] in {("body",), ("query",), ("path",)} else location
    return ".".join(str(part) for part in inside) or str(location[0] if location else "body")


async def _expected(request: Request, error: Exception) -> ProblemResponse:
    match error:
        case NotFound():
            return problem(HTTPStatus.NOT_FOUND, "not-found", str(error))
        case Refused():
            return problem(HTTPStatus.CONFLICT, error.code, str(error))
        case Invalid():
            told = str(error).removeprefix(f"{error.field}: ")
            places = [{"field": error.field, "message": told}] if error.field else []
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", str(error), errors=places)
        case Unavailable():
            logger.warning("request.unavailable", extra=_asked(request), exc_info=error)
            return unavailable(str(error))
    return await _unexpected(request, error)


def unavailable(detail: str) -> ProblemResponse:
    """The answer that makes a well-behaved client try again."""
    headers = {"Retry-After": str(RETRY_AFTER)}
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers=headers)


async def _malformed(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how handlers are typed
    found = places(error.errors())
    detail = " ".join(f"{place['field']}: {place['message']}." for place in found[:3])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=found)


async def _refused_by_http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RoutingError)  # noqa: S101 - how handlers are typed
    if isinstance(error, Problem):
        return problem(
            error.status_code,
            error.code,
            error.detail,
            errors=error.errors,
            headers=error.headers,
        )
    path, status = request.url.path, error.status_code
    match status:
        case HTTPStatus.NOT_FOUND:
            told = f"There is nothing at {path}; /docs lists all paths."
            return problem(status, "no-such-path", told)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = allowed_methods(request.app, request.scope)
            told = f"{path} takes {allowed} only."
            return problem(status, "method-not-allowed", told, headers={"Allow": allowed})
    code = HTTPStatus(status).phrase.lower().replace(" ", "-")
    return problem(status, code, error.detail, headers=error.headers)


async def _left(_request: Request, _error: Exception) -> ProblemResponse:
    """Whoever hung up in the middle hears nothing of this; the log need not either."""
    detail = "The request broke off before its end; send it again."
    return problem(HTTPStatus.BAD_REQUEST, "incomplete", detail)


async def _unexpected(request: Request, error: Exception) -> ProblemResponse:
    logger.error("request.failed", extra=_asked(request), exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _INTERNAL)


def _asked(request: Request) -> dict[str, str]:
    """What was asked, without what stands in the path: that may be a person's id or a token."""
    route = request.scope.get("route")
    return {"method": request.method, "route": getattr(route, "path", "none")}
