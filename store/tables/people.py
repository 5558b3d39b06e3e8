"""Who the shop writes to, what they did, and what they allowed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from store.columns import BigId, Json, UtcDateTime, refers

_BUYERS = text("last_ordered_at IS NOT NULL")


class Customer(SQLModel, table=True):
    """A person as the shop knows them, or an anonymous visitor until they are identified.

    Most changes note when they were last there. PostgreSQL makes these without a look at the
    indexes, as long as none of them holds what changed, and the page has room for the new row.
    """

    __table_args__ = (
        Index(
            "ix_customer_last_active_on",
            "last_active_on",
            postgresql_where=_BUYERS,
            sqlite_where=_BUYERS,
        ),
        {"postgresql_with": {"fillfactor": 85}},
    )

    id: str = Field(primary_key=True, max_length=64)
    #: The shop's own id; None while anonymous.
    external_id: str | None = Field(default=None, unique=True, max_length=255)
    email: str | None = Field(default=None, max_length=320)
    #: The lower-cased address, for look-ups.
    email_key: str | None = Field(default=None, index=True, max_length=320)
    phone: str | None = Field(default=None, max_length=40)
    first_name: str | None = Field(default=None, max_length=255)
    last_name: str | None = Field(default=None, max_length=255)
    locale: str | None = Field(default=None, max_length=35)
    timezone: str | None = Field(default=None, max_length=64)
    country: str | None = Field(default=None, max_length=64)
    birthday: date | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    #: Projection of `consent_change`: topic → channels granted, {"marketing": ["email"]}.
    consents: dict[str, list[str]] = Field(default_factory=dict, sa_type=Json)
    #: Topic → channels for which a consent waits to be confirmed (double opt-in).
    pending: dict[str, list[str]] = Field(
        default_factory=dict, sa_type=Json, sa_column_kwargs={"server_default": "{}"}
    )
    #: When each event name last happened (ISO 8601): answers "since when?" without a scan.
    latest: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    last_active_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Its day in UTC, by which lapses are found. A trigger sets it, and nobody else.
    last_active_on: date | None = None
    last_ordered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The product kind last bought: decides how long a silence means that somebody lapsed.
    bought_kind: str | None = Field(default=None, max_length=20)
    merged_into: str | None = Field(default=None, sa_column=refers("customer.id", null=True))
    created_at: datetime = Field(sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Identity(SQLModel, table=True):
    """Every id under which a customer was ever seen; a merge points them at the survivor."""

    #: `user` (the shop's ids) or `anonymous` (a browser's).
    kind: str = Field(primary_key=True, max_length=10)
    value: str = Field(primary_key=True, max_length=255)
    customer_id: str = Field(sa_column=refers("customer.id", cascade=True))


class ConsentChange(SQLModel, table=True):
    """A grant, request or withdrawal, append-only: the proof that we may write."""

    __tablename__ = "consent_change"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    customer_id: str = Field(sa_column=refers("customer.id", cascade=True))
    topic: str = Field(max_length=64)
    channel: str = Field(max_length=16)
    granted: bool
    #: express, double_opt_in, soft_opt_in, implied …
    basis: str = Field(max_length=32)
    #: Where it came from: identify, api, confirmation, unsubscribe, preferences, sunset.
    source: str = Field(max_length=64)
    wording: str | None = Field(default=None, max_length=2_000)
    evidence: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    #: Only of what was asked for and grants nothing yet: how long it may be confirmed.
    confirm_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    happened_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Suppression(SQLModel, table=True):
    """An address we must not write to. Kept as a hash, so that it outlives an erasure."""

    __table_args__ = (UniqueConstraint("address_hash", "channel", "scope"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    address_hash: str = Field(index=True, max_length=64)
    channel: str = Field(max_length=16)
    #: `all` or `marketing`.
    scope: str = Field(max_length=16)
    #: bounced, complained, unsubscribed, sunset, manual, erased.
    reason: str = Field(max_length=32)
    source: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class Event(SQLModel, table=True):
    """Something a customer did, exactly once per sender's message id."""

    __table_args__ = (Index("ix_event_customer_time", "customer_id", "happened_at"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    message_id: str = Field(unique=True, max_length=255)
    #: Whoever keeps an event has locked its customer: a foreign key would cost more than the rest.
    customer_id: str = Field(max_length=64)
    name: str = Field(max_length=255)
    properties: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    #: What it was about, comparable: product:…, category:…, search:…
    subject: str | None = Field(default=None, max_length=255)
    order_id: str | None = Field(default=None, max_length=255)
    happened_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    is_history: bool = False
