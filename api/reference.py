"""The reference of the API as a page of our own, made from the OpenAPI document.

It loads nothing from elsewhere, so it also works on a machine without a way to the internet.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.openapi import needs_key

Schema = Mapping[str, Any]

_REFERENCE: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_KEY: Final = '-u "$DORMOUSE_KEY:"'


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body or answer."""

    name: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of one path does."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    #: How to try it in a shell.
    curl: str


@dataclass(frozen=True, slots=True)
class Section:
    """The operations of one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


def sections_of(document: Mapping[str, Any], *, base_url: str) -> list[Section]:
    """The sections of the page, in the order of the document's tags."""
    schemas = document["components"]["schemas"]
    found = list(_operations(document, _Types(schemas), base_url))
    return [
        Section(
            tag["name"],
            tag["description"],
            tuple(each for name, each in found if name == tag["name"]),
        )
        for tag in document["tags"]
    ]


def _operations(
    document: Mapping[str, Any], types: "_Types", base_url: str
) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            is_keyed = needs_key(told)
            body = told.get("requestBody", {}).get("content", {}).get(_JSON, {})
            yield (
                told["tags"][0],
                Operation(
                    id=told["operationId"],
                    method=method.upper(),
                    path=path,
                    summary=told["summary"],
                    description=told.get("description", ""),
                    needs_key=is_keyed,
                    parameters=tuple(
                        _parameter(each, types) for each in told.get("parameters", [])
                    ),
                    body=types.fields(body.get("schema", {})),
                    answer=types.fields(_answer(told["responses"])),
                    curl=_curl(method.upper(), f"{base_url}{path}", body, needs_key=is_keyed),
                ),
            )


def _parameter(told: Mapping[str, Any], types: "_Types") -> Field:
    return Field(
        told["name"], types.say(told["schema"]), told["required"], told.get("description", "")
    )


def _answer(responses: Mapping[str, Any]) -> Schema:
    success: Schema = next((told for code, told in responses.items() if code.startswith("2")), {})
    schema: Schema = success.get("content", {}).get(_JSON, {}).get("schema", {})
    return schema


def _curl(method: str, url: str, body: Mapping[str, Any], *, needs_key: bool) -> str:
    words = ["curl", *([_KEY] if needs_key else []), *(["-X", method] if method != "GET" else [])]
    if "example" in body:
        example = json.dumps(body["example"], indent=2)
        words += ["-H", f"'Content-Type: {_JSON}'", f"-d '{example}'"]
    return " ".join([*words, url])


class _Types:
    """JSON schemas in words."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def say(self, schema: Schema) -> str:
        """What a value of this schema is, as a few words."""
        schema = self._resolved(schema)
        if choices := schema.get("enum"):
            return " | ".join(str(choice) for choice in choices)
        if "const" in schema:
            return json.dumps(schema["const"])
        if either := schema.get("anyOf"):
            return " | ".join(dict.fromkeys(self.say(each) for each in either))
        kind = schema.get("format") or schema.get("type", "anything")
        if isinstance(kind, list):
            return " | ".join(kind)
        return f"list of {self.say(schema.get('items', {}))}" if kind == "array" else kind

    def fields(self, schema: Schema) -> tuple[Field, ...]:
        """The fields of an object, or of the objects in a list."""
        schema = self._resolved(schema)
        if either := schema.get("anyOf"):
            return self.fields(either[0])
        if "items" in schema:
            return self.fields(schema["items"])
        required = schema.get("required", ())
        return tuple(
            Field(name, self.say(told), name in required, told.get("description", ""))
            for name, told in schema.get("properties", {}).items()
        )

    def _resolved(self, schema: Schema) -> Schema:
        reference: str | None = schema.get("$ref")
        return self._schemas[reference.removeprefix(_REFERENCE)] if reference else schema
