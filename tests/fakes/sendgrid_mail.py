"""A mail as SendGrid took it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class AcceptedMail:
    """A mail that SendGrid answers for, by the names of its parts."""

    payload: Mapping[str, Any]
    provider_message_id: str
    accepted_at: datetime

    @property
    def person(self) -> Mapping[str, Any]:
        person: Mapping[str, Any] = self.payload["personalizations"][0]
        return person

    @property
    def to_address(self) -> str:
        return str(self.person["to"][0]["email"])

    @property
    def to_name(self) -> str | None:
        name: str | None = self.person["to"][0].get("name")
        return name

    @property
    def subject(self) -> str:
        return str(self.payload["subject"])

    @property
    def text(self) -> str:
        return str(self.payload["content"][0]["value"])

    @property
    def html(self) -> str:
        return str(self.payload["content"][-1]["value"])

    @property
    def headers(self) -> Mapping[str, str]:
        return dict(self.payload.get("headers", {}))

    @property
    def categories(self) -> Sequence[str]:
        return list(self.payload.get("categories", ()))

    @property
    def custom_args(self) -> Mapping[str, str]:
        return dict(self.person.get("custom_args", {}))

    @property
    def message_id(self) -> str:
        """Our own id of the message."""
        return self.custom_args["message_id"]
