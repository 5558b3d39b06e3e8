"""The OpenAPI document: FastAPI's own, with everything in it that an answer may be or carry.

FastAPI knows what a route takes and answers when all goes well. What follows from the way that
every request goes (keys, limits of size and rate, bad input, a database that is away) is told here
once, for all routes that it holds for.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from api.answers import HEADERS, HEADERS_OF, PROBLEMS, QUOTA
from api.errors import ProblemDocument, problem_document

_SCHEMAS: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_METHODS_WITH_BODY: Final = ("post", "put")


class DocumentedApp(FastAPI):
    """An application that tells all of its answers."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            _complete(super().openapi())
        return super().openapi()


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the problems that follow from what it does itself."""
    return {status.value: _reference(status) for status in statuses}


def needs_key(operation: Mapping[str, Any]) -> bool:
    """Whether a documented operation asks for a key of ours."""
    return any("Bearer" in way for way in operation.get("security", ()))


def headers(*names: str) -> dict[str, Any]:
    """For one of a route's `responses`: the headers of ours that it carries."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _reference(status: HTTPStatus) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_name_of(status)}"}


def _name_of(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "")


def _complete(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    shape = ProblemDocument.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}")
    schemas |= shape.pop("$defs")
    schemas[ProblemDocument.__name__] = shape
    for framework_s_own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework_s_own, None)
    components["securitySchemes"]["SendGridSignature"] = {
        "type": "apiKey",
        "in": "header",
        "name": "X-Twilio-Email-Event-Webhook-Signature",
        "description": "SendGrid's signature of the body, by a key in"
        " `DORMOUSE_SENDGRID_WEBHOOK_KEYS`.",
    }
    components["headers"] = dict(HEADERS)
    components["responses"] = {_name_of(status): _response(status) for status in PROBLEMS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _leave_null_out(operation)
            _tell_answers(operation, method, path)
            _show_example(operation, schemas)


def _response(status: HTTPStatus) -> dict[str, Any]:
    description, code, detail = PROBLEMS[status]
    schema = {"$ref": f"{_SCHEMAS}{ProblemDocument.__name__}"}
    example = problem_document(status, code, detail)
    return {
        "description": description,
        "headers": headers(*HEADERS_OF.get(status, ()), *QUOTA),
        "content": {_PROBLEM: {"schema": schema, "example": example}},
    }


def _leave_null_out(operation: Mapping[str, Any]) -> None:
    """Parameters may be absent, but there is no way to write null into a URL or a header."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        values = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        if len(values) == 1:
            del schema["anyOf"]
            schema |= values[0]


def _tell_answers(operation: dict[str, Any], method: str, path: str) -> None:
    told: dict[str, Any] = operation["responses"]
    if needs_key(operation):
        for code, answer in told.items():
            if code.startswith("2"):
                answer["headers"] = {**answer.get("headers", {}), **headers(*QUOTA)}
    if told.pop("422", None) and _may_be_invalid(operation):
        told["422"] = _reference(HTTPStatus.UNPROCESSABLE_ENTITY)
    for status in _statuses(operation, method, path):
        told.setdefault(str(status.value), _reference(status))
    operation["responses"] = dict(sorted(told.items()))


def _may_be_invalid(operation: Mapping[str, Any]) -> bool:
    """Whether it takes more than names in its path; FastAPI says so of those as well."""
    parameters = operation.get("parameters", [])
    return "requestBody" in operation or any(each["in"] != "path" for each in parameters)


def _statuses(operation: Mapping[str, Any], method: str, path: str) -> Iterator[HTTPStatus]:
    if method in _METHODS_WITH_BODY:
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if "requestBody" in operation:
        yield HTTPStatus.BAD_REQUEST
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if "{" in path:
        yield HTTPStatus.NOT_FOUND
    if "security" in operation:
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.SERVICE_UNAVAILABLE
    if needs_key(operation):
        yield HTTPStatus.FORBIDDEN
        yield HTTPStatus.TOO_MANY_REQUESTS
    yield HTTPStatus.INTERNAL_SERVER_ERROR


def _show_example(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    """An example of the whole body, from that of its model."""
    body = operation.get("requestBody", {}).get("content", {}).get(_JSON)
    if body is None or "example" in body:
        return
    for each in _alternatives(body["schema"]):
        model = schemas.get(each.get("$ref", "").removeprefix(_SCHEMAS), {})
        if examples := model.get("examples"):
            body["example"] = examples[0]
            return


def _alternatives(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    either: list[Mapping[str, Any]] = schema.get("anyOf", [schema])
    return either
