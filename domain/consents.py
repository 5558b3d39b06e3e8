"""Consents: what a person's last word on a topic and channel means."""

from datetime import datetime
from enum import StrEnum


class ConsentStatus(StrEnum):
    """What a word about consent is worth now."""

    #: We may write.
    GRANTED = "granted"
    #: Asked for, but not confirmed yet (double opt-in): we may only ask for the confirmation.
    PENDING = "pending"
    #: Was never confirmed: as if it had not been asked for.
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


def consent_status(
    *, granted: bool, confirm_until: datetime | None, now: datetime
) -> ConsentStatus:
    """The status of a word; `confirm_until` is set where it waits, or waited, to be confirmed."""
    if granted:
        return ConsentStatus.GRANTED
    if confirm_until is None:
        return ConsentStatus.WITHDRAWN
    return ConsentStatus.PENDING if now <= confirm_until else ConsentStatus.LAPSED
