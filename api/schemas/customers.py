"""Customers, what they allowed, and their story."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from domain.consents import ConsentStatus, consent_status
from domain.requests import ConsentRequest
from store import tables
from store.timeline import Moment


class ConsentView(BaseModel):
    """The last word of a customer on one topic and channel."""

    topic: str = Field(examples=["marketing"])
    channel: str = Field(examples=["email"])
    granted: bool = Field(description="Whether we may write.")
    status: ConsentStatus = Field(
        description="With double opt-in a consent is `pending` until it is confirmed, "
        "and `lapsed` when it was not in time.",
        examples=["granted"],
    )
    basis: str = Field(examples=["express"])
    source: str = Field(description="Where it was given or withdrawn.", examples=["api"])
    wording: str | None = Field(description="The words that were agreed to.")
    happened_at: datetime
    confirm_until: datetime | None = Field(
        description="Until when what was asked for may be confirmed."
    )

    @classmethod
    def of(cls, change: tables.ConsentChange, *, now: datetime) -> Self:
        """The word in this row, as it stands now."""
        status = consent_status(granted=change.granted, confirm_until=change.confirm_until, now=now)
        return cls.model_validate({**change.model_dump(), "status": status})


class SuppressionView(BaseModel):
    """Why the customer's address must not be written to."""

    model_config = ConfigDict(from_attributes=True)

    channel: str = Field(examples=["email"])
    scope: str = Field(description="`all` or `marketing`.", examples=["all"])
    reason: str = Field(examples=["bounced"])
    source: str = Field(examples=["sendgrid"])
    at: datetime


class CustomerView(BaseModel):
    """What is known of a customer."""

    id: str = Field(description="The shop's id; of a visitor ours.", examples=["4711"])
    anonymous_ids: list[str] = Field(description="Browsers in which they were recognised.")
    email: str | None = Field(examples=["ada@example.org"])
    phone: str | None = Field(examples=["+44 20 7946 0000"])
    first_name: str | None = Field(examples=["Ada"])
    last_name: str | None = Field(examples=["Lovelace"])
    locale: str | None = Field(examples=["en-GB"])
    timezone: str | None = Field(examples=["Europe/London"])
    country: str | None = Field(examples=["GB"])
    birthday: date | None
    attributes: dict[str, Any] = Field(description="All other traits.")
    consents: list[ConsentView]
    suppressions: list[SuppressionView]
    created_at: datetime
    last_active_at: datetime | None
    last_ordered_at: datetime | None

    @classmethod
    def of(
        cls,
        customer: tables.Customer,
        *,
        anonymous_ids: Sequence[str],
        consents: Sequence[tables.ConsentChange],
        suppressions: Sequence[tables.Suppression],
        now: datetime,
    ) -> Self:
        """The customer in this row."""
        return cls(
            id=customer.external_id or customer.id,
            anonymous_ids=list(anonymous_ids),
            consents=[ConsentView.of(change, now=now) for change in consents],
            suppressions=[SuppressionView.model_validate(row) for row in suppressions],
            **{name: getattr(customer, name) for name in _COLUMNS},
        )


_COLUMNS = CustomerView.model_fields.keys() & tables.Customer.model_fields.keys() - {
    "id",
    "consents",
}


class ConsentChange(BaseModel):
    """A grant or withdrawal."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field("marketing", min_length=1, max_length=64)
    channel: Literal["email", "sms", "push"] = "email"
    granted: StrictBool
    basis: Literal["express", "double_opt_in", "soft_opt_in", "implied"] = "express"
    wording: str | None = Field(
        None,
        max_length=2_000,
        description="The words that the person agreed to.",
        examples=["Yes, write me about offers by e-mail."],
    )

    @property
    def request(self) -> ConsentRequest:
        """The change, as the engine is asked for it."""
        return ConsentRequest(**self.model_dump())


class ConsentChanges(BaseModel):
    """What a customer allowed or withdrew, with the proof."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "consents": [{"granted": True, "wording": "Yes, write me about offers."}],
                    "evidence": {"form": "https://shop.example/newsletter", "ip": "192.0.2.7"},
                }
            ]
        },
    )

    consents: list[ConsentChange] = Field(min_length=1, max_length=50)
    evidence: dict[str, Any] = Field(
        {},
        description="What proves it: kept as it is.",
        examples=[{"form": "https://shop.example/newsletter", "ip": "192.0.2.7"}],
    )


class MomentView(BaseModel):
    """Something that happened to, with or because of a customer."""

    at: datetime
    kind: Literal["consent", "event", "run-entered", "message", "delivery", "run-ended"]
    title: str = Field(description="In words.", examples=["Product Viewed"])
    run_id: str | None
    message_id: str | None
    detail: dict[str, Any] = Field(examples=[{"properties": {"product_id": "mug-blue"}}])

    @classmethod
    def of(cls, moment: Moment) -> Self:
        """The moment as callers see it."""
        return cls.model_validate(
            {
                "at": moment.place.at,
                "kind": moment.place.kind.name.lower().replace("_", "-"),
                "title": moment.title,
                "run_id": moment.run_id,
                "message_id": moment.message_id,
                "detail": dict(moment.detail),
            }
        )
