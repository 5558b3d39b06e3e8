"""Runs and what Temporal still has to be told about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from domain.journeys import RunStatus
from store.columns import BigId, Json, UtcDateTime, one_of, refers

_ACTIVE = text("status NOT IN ('ended', 'failed')")


class Run(SQLModel, table=True):
    """One passage of a customer (or order) through a journey: one Temporal workflow."""

    __table_args__ = (
        one_of("status", RunStatus),
        Index(
            "one_active_run",
            "journey",
            "customer_id",
            "key",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
        Index("ix_run_journey_status", "journey", "status", "id"),
        Index("ix_run_status", "status", "id"),
    )

    id: str = Field(primary_key=True, max_length=64)
    journey: str = Field(max_length=64)
    #: What a customer may have only one active run for: the order's id, or "".
    key: str = Field(default="", max_length=255)
    customer_id: str = Field(sa_column=refers("customer.id"))
    workflow_id: str = Field(unique=True, max_length=255)
    status: str = Field(default=RunStatus.WAITING, max_length=16)
    #: The step last tried.
    step: str | None = Field(default=None, max_length=64)
    waiting_for: str | None = Field(default=None, max_length=500)
    wakes_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When the event that started it happened; `created_at` is when we knew of it.
    entered_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    exit_reason: str | None = Field(default=None, max_length=64)
    failure: str | None = Field(default=None, sa_type=Text)
    variant: str | None = Field(default=None, max_length=64)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    settings_version: int = 0
    #: The facts of the event that started it (domain.events.Facts).
    about: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    #: The message id of the event that started it.
    started_by: str = Field(max_length=255)
    idempotency_key: str | None = Field(default=None, unique=True, max_length=255)
    #: Hash of the request that used the key: another request with the same key is refused.
    request_hash: str | None = Field(default=None, max_length=64)


class Dispatch(SQLModel, table=True):
    """A start or signal that Temporal still has to be told, in the order of `id` per run."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    run_id: str = Field(sa_column=refers("run.id", cascade=True))
    #: `start` or `signal`.
    kind: str = Field(max_length=10)
    #: The signal's name: the event's own.
    name: str = Field(max_length=255)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    attempts: int = 0
    last_error: str | None = Field(default=None, sa_type=Text)
    #: The dispatcher that has it in hand, and until when others keep off.
    owner: str | None = Field(default=None, max_length=64)
    leased_until: datetime = Field(sa_type=UtcDateTime, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
