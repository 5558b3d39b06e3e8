"""Reading what was posted: each message by itself, so that a bad one costs no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from api.errors import Place, Problem, places
from api.json_bodies import flaw_of
from api.limits import KILOBYTE, ONE_CALL
from api.schemas.segment import CALLS, LARGEST_BATCH, Batch, Message, Remark
from api.understanding import Arrival, understood
from domain.errors import Invalid
from domain.events import ABOUT_A_PRODUCT
from domain.facts import products_in
from domain.incoming import Call, Incoming
from domain.traits import read_traits

_NO_PRODUCT: Final = Place(
    field="properties.product_id",
    message="no product is named, so no journey starts and no cart changes: send its product_id "
    "(or sku)",
)
_TOO_LARGE: Final = f"a message is {ONE_CALL // KILOBYTE} KB at most"


@dataclass(frozen=True, slots=True)
class Read:
    """What came of a request's messages."""

    incoming: list[Incoming] = field(default_factory=list)
    rejected: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    def take(
        self,
        value: Any,
        arrival: Arrival,
        *,
        model: type[Message] | None = None,
        index: int | None = None,
    ) -> None:
        """Read one message, of the type that it names itself unless `model` is given."""
        try:
            message = _message(value, model)
            incoming = understood(message, arrival)
        except ValidationError as error:
            self.reject(value, index, places(error.errors(include_url=False)))
        except Invalid as error:
            self.reject(value, index, [{"field": error.field, "message": str(error)}])
        else:
            self.incoming.append(incoming)
            if wrong := _unusable(incoming):
                remark = Remark(index=index, message_id=incoming.message_id, errors=wrong)
                self.warnings.append(remark)

    def reject(self, value: Any, index: int | None, errors: list[dict[str, Any]]) -> None:
        """Note that a message is not kept, and why."""
        own_id = value.get("messageId") if isinstance(value, dict) else None
        message_id = own_id if isinstance(own_id, str) else None
        found = [Place.model_validate(error) for error in errors]
        self.rejected.append(Remark(index=index, message_id=message_id, errors=found))

    def nothing_kept(self) -> Problem:
        """The answer when no message can be kept."""
        errors = [
            {"index": remark.index, **place.model_dump(exclude_none=True)}
            if remark.index is not None
            else place.model_dump(exclude_none=True)
            for remark in self.rejected
            for place in remark.errors
        ]
        return _invalid(errors)


def read_one(value: Any, model: type[Message], arrival: Arrival) -> Read:
    """The one message of a call."""
    read = Read()
    read.take(value, arrival, model=model)
    return read


def read_batch(value: Any, *, size: int, arrival: Arrival) -> Read:
    """The messages of a batch of `size` bytes; raises Problem (400) when it is no batch."""
    batch = _envelope(value)
    context = batch.context if isinstance(batch.context, dict) else {}
    arrival = replace(arrival, sent_at=batch.sent_at, context=context)
    read = Read()
    for index, item in enumerate(batch.batch):
        if size > ONE_CALL and len(to_json(item)) > ONE_CALL:
            read.reject(item, index, [{"message": _TOO_LARGE}])
        else:
            read.take(item, arrival, index=index)
    return read


def _envelope(value: Any) -> Batch:
    messages = value.get("batch") if isinstance(value, dict) else None
    if isinstance(messages, list) and len(messages) > LARGEST_BATCH:
        raise _too_many(len(messages))
    try:
        batch = Batch.model_validate(value)
    except ValidationError as error:
        raise _invalid(places(error.errors(include_url=False))) from error
    if flaw := flaw_of(batch.context):
        raise _invalid([{"field": "context", "message": f"holds {flaw}"}])
    return batch


def _message(value: Any, model: type[Message] | None) -> Message:
    if not isinstance(value, dict):
        raise Invalid("a message is a JSON object")
    if flaw := flaw_of(value):
        raise Invalid(f"a message cannot hold {flaw}")
    kind = value.get("type")
    known = model or (CALLS.get(kind) if isinstance(kind, str) else None)
    if known is None:
        raise Invalid(f"must be one of {', '.join(CALLS)}", field="type")
    return known.model_validate(value)


def _unusable(incoming: Incoming) -> list[Place]:
    """What is kept, but cannot be used."""
    if incoming.call is Call.IDENTIFY:
        return _unusable_traits(incoming.traits)
    if incoming.name in ABOUT_A_PRODUCT and not products_in(incoming.properties):
        return [_NO_PRODUCT]
    return []


def _unusable_traits(traits: Mapping[str, Any]) -> list[Place]:
    problems = [problem.partition(": ") for problem in read_traits(traits).problems]
    return [Place(field=f"traits.{name}", message=message) for name, _, message in problems]


def _too_many(count: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-many-messages",
        f"A batch holds {LARGEST_BATCH:,} messages at most, and this one {count:,}; nothing was"
        " kept: send it in parts.",
    )


def _invalid(errors: list[dict[str, Any]]) -> Problem:
    field = errors[0].get("field")
    reason = f"{field}: {errors[0]['message']}" if field else errors[0]["message"]
    detail = f"Nothing was kept, because of this first of all: {reason}."
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-message", detail, errors=errors)
