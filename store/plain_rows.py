"""Runs and customers as plain values, as far as a mail depends on them."""

from datetime import datetime
from typing import Any, NamedTuple, Self

from store import tables


class PlainRun(NamedTuple):
    """What a mail depends on of its run."""

    id: str
    journey: str
    key: str
    customer_id: str
    entered_at: datetime
    settings: dict[str, Any]
    about: dict[str, Any]
    started_by: str

    @classmethod
    def of(cls, row: tables.Run) -> Self:
        """The same of a row."""
        return cls(*(getattr(row, name) for name in cls._fields))


class PlainCustomer(NamedTuple):
    """What a mail depends on of its reader."""

    id: str
    external_id: str | None
    email: str | None
    email_key: str | None
    first_name: str | None
    last_name: str | None
    locale: str | None
    timezone: str | None
    consents: dict[str, list[str]]
    pending: dict[str, list[str]]
    erased_at: datetime | None

    @classmethod
    def of(cls, row: tables.Customer) -> Self:
        """The same of a row."""
        return cls(*(getattr(row, name) for name in cls._fields))
