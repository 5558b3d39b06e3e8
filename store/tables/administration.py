"""Settings, keys, the audit trail, and where the runs are."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, SmallInteger
from sqlmodel import Field, SQLModel

from store.columns import BigId, Json, UtcDateTime


class JourneySettingsVersion(SQLModel, table=True):
    """The overrides that an engineer or marketer set for a journey; the highest version holds."""

    __tablename__ = "journey_settings"

    journey: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    overrides: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    author: str = Field(max_length=255)
    at: datetime = Field(sa_type=UtcDateTime)


class JourneyState(SQLModel, table=True):
    """Whether a journey is paused: no new runs, and messages are held."""

    __tablename__ = "journey_state"

    journey: str = Field(primary_key=True, max_length=64)
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A key to the gateway, kept as a hash only."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str = Field(max_length=255)
    hash: str = Field(unique=True, max_length=64)
    #: The first characters, to recognise it by.
    hint: str = Field(max_length=16)
    scopes: list[str] = Field(default_factory=list, sa_type=Json)
    #: Messages a second; None for the gateway's own limit, 0 for no limit.
    rate_limit: float | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Audit(SQLModel, table=True):
    """Who changed what: settings, pauses, ended runs, erasures. Append-only."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str = Field(max_length=255)
    action: str = Field(max_length=64)
    target: str = Field(max_length=255)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class TemporalNamespace(SQLModel, table=True):
    """The one namespace of Temporal in which this database's runs live."""

    __tablename__ = "temporal_namespace"
    __table_args__ = (CheckConstraint("id = 1", name="is_one"),)

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    #: Temporal's own id of it: names may be the same on two servers.
    namespace_id: str = Field(max_length=64)
    name: str = Field(max_length=255)
    remembered_at: datetime = Field(sa_type=UtcDateTime)
