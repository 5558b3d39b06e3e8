"""Segment's calls as they arrive, and what is answered.

https://segment.com/docs/connections/spec: field names and meaning are Segment's. What no journey
can use (`integrations`, most of `context`) is accepted and forgotten.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from api.errors import Place

LARGEST_BATCH: Final = 1_000


def _id_schema(*, shortest: int = 0) -> dict[str, Any]:
    text = {"type": "string", "minLength": shortest, "maxLength": 255}
    return {"anyOf": [text, {"type": "number"}]}


#: Shops number their customers too: a number is the same id as its digits.
Id = Annotated[
    str,
    Field(max_length=255, coerce_numbers_to_str=True),
    WithJsonSchema(_id_schema()),
]
#: From the year 1 to the year 9999.
_UNIX_TIME: Final = {
    "type": "number",
    "minimum": -62_135_596_800_000,
    "maximum": 253_402_300_799_999,
}
#: A number is Unix time, in seconds or milliseconds.
Time = Annotated[
    datetime,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, _UNIX_TIME]}),
]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Object = dict[str, Any]


class Message(BaseModel):
    """What all calls have in common. A user id or an anonymous id is needed."""

    model_config = ConfigDict(alias_generator=to_camel, str_strip_whitespace=True)
    example: ClassVar[dict[str, Any]] = {}

    message_id: Id | None = Field(None, description="De-duplicates; made up when missing.")
    user_id: Id | None = Field(None, description="The shop's own id of the customer.")
    anonymous_id: Id | None = Field(None, description="The id of a browser or device.")
    timestamp: Time | None = Field(
        None, description="When it happened (ISO 8601, UTC unless it says otherwise; or Unix time)."
    )
    sent_at: Time | None = Field(
        None, description="When it was sent, by the same clock: its error is taken out."
    )
    original_timestamp: Time | None = Field(
        None, description="Says that `timestamp` is corrected already."
    )
    context: Any = Field(None, description="`traits`, `locale` and `timezone` are read.")


class TrackCall(Message):
    """The customer did something."""

    example: ClassVar[dict[str, Any]] = {
        "userId": "4711",
        "event": "Product Viewed",
        "properties": {"product_id": "mug-blue", "name": "Blue mug", "price": 12.5},
    }

    event: Name = Field(description="By Segment's Ecommerce spec, like `Order Completed`.")
    properties: Object | None = Field(None, description="What the event is about.")


class PageCall(Message):
    """The customer looked at a page of the shop: the event `Page Viewed`."""

    example: ClassVar[dict[str, Any]] = {
        "anonymousId": "b-81",
        "name": "Mugs",
        "category": "Kitchen",
    }

    name: str | None = Field(None, max_length=255)
    category: str | None = Field(None, max_length=255)
    properties: Object | None = None


class ScreenCall(PageCall):
    """The customer looked at a screen of the shop's app: the event `Screen Viewed`."""


class IdentifyCall(Message):
    """Who the customer is."""

    example: ClassVar[dict[str, Any]] = {
        "userId": "4711",
        "traits": {
            "email": "ada@example.com",
            "firstName": "Ada",
            "locale": "de-AT",
            "marketing_consent": ["email"],
        },
    }

    traits: Object | None = Field(
        None,
        description="Understood are `email`, `phone`, `firstName`, `lastName`, `locale`,"
        " `timezone`, `address.country`, `birthday`, `createdAt` and `marketing_consent` (true,"
        " false, or the consented channels among `email`, `sms`, `push`); others are kept.",
    )


class GroupCall(Message):
    """The customer belongs to a company or another group."""

    example: ClassVar[dict[str, Any]] = {
        "userId": "4711",
        "groupId": "acme",
        "traits": {"name": "Acme"},
    }

    group_id: Id
    traits: Object | None = None


class AliasCall(Message):
    """Two ids are one customer: `previousId` becomes another name of `userId`.

    That makes a visitor known. Two users who are known both become one only by a key that may also
    `manage`; by another the call is kept and joins nobody.
    """

    example: ClassVar[dict[str, Any]] = {"previousId": "b-81", "userId": "4711"}

    previous_id: Annotated[Id, Field(min_length=1), WithJsonSchema(_id_schema(shortest=1))]


CALLS: Final[dict[str, type[Message]]] = {
    "track": TrackCall,
    "identify": IdentifyCall,
    "page": PageCall,
    "screen": ScreenCall,
    "group": GroupCall,
    "alias": AliasCall,
}


class Batch(BaseModel):
    """Several messages; `context` and `sentAt` hold for those that have none of their own."""

    model_config = ConfigDict(alias_generator=to_camel)

    example: ClassVar[dict[str, Any]] = {
        "batch": [
            {"type": "identify", **IdentifyCall.example},
            {"type": "track", **TrackCall.example},
        ]
    }

    batch: list[Any] = Field(
        min_length=1,
        max_length=LARGEST_BATCH,
        description=f"Each with its `type`: {', '.join(CALLS)}.",
    )
    sent_at: Time | None = None
    context: Any = None


class Remark(BaseModel):
    """What is wrong with one message of a batch."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    index: int | None = Field(None, description="Its place in the batch, from 0.")
    message_id: str | None = None
    errors: list[Place]


class Taken(BaseModel):
    """The messages are kept, safely on disk."""

    success: Literal[True] = True
    rejected: list[Remark] | None = Field(None, description="These were not kept.")
    warnings: list[Remark] | None = Field(
        None, description="These were kept, but something in them cannot be used."
    )
