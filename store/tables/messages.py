"""The ledger of messages and what providers reported."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from domain.messages import MessageKind, MessageStatus
from store.columns import BigId, Json, UtcDateTime, one_of, refers


class Message(SQLModel, table=True):
    """The ledger: one row per step of a run and channel, claimed before the provider is called."""

    __table_args__ = (
        one_of("status", MessageStatus),
        one_of("kind", MessageKind),
        UniqueConstraint("run_id", "step", "occurrence", "channel"),
        Index("ix_message_time", "created_at", "id"),
        Index("ix_message_status_time", "status", "created_at", "id"),
    )

    id: str = Field(primary_key=True, max_length=64)
    run_id: str = Field(sa_column=refers("run.id", cascade=True))
    customer_id: str = Field(sa_column=refers("customer.id", cascade=True))
    journey: str = Field(max_length=64)
    step: str = Field(max_length=64)
    occurrence: int = 1
    #: What kind of message: `email`.
    channel: str = Field(default="email", max_length=16)
    #: By which provider: `sendgrid`, `smtp`, `outbox`.
    provider: str | None = Field(default=None, max_length=32)
    kind: str = Field(max_length=16)
    status: str = Field(max_length=16)
    reason: str | None = Field(default=None, sa_type=Text)
    attempts: int = 0
    to_address: str | None = Field(default=None, max_length=320)
    locale: str | None = Field(default=None, max_length=35)
    subject: str | None = Field(default=None, sa_type=Text)
    provider_message_id: str | None = Field(default=None, index=True, max_length=255)
    #: Products shown in it.
    shown: list[str] = Field(default_factory=list, sa_type=Json)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    #: The point of no return: nothing that happens later can stop this message.
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    clicked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bounced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    complained_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MessageContent(SQLModel, table=True):
    """The mail as sent, apart from the ledger so that lists stay light."""

    __tablename__ = "message_content"

    message_id: str = Field(
        sa_column=Column(String(64), ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    )
    html: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    headers: dict[str, str] = Field(default_factory=dict, sa_type=Json)


class DeliveryEvent(SQLModel, table=True):
    """What a provider reported, raw, once per provider's event id."""

    __tablename__ = "delivery_event"
    __table_args__ = (UniqueConstraint("provider", "event_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    provider: str = Field(max_length=32)
    event_id: str = Field(max_length=255)
    message_id: str | None = Field(default=None, index=True, max_length=64)
    type: str = Field(max_length=16)
    happened_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    machine: bool = False
    raw: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
