"""Consents: what a person's last word on a topic and channel means."""

from datetime import datetime
from enum import StrEnum
from typing import Final

#: Why an address may be suppressed that its owner's new consent frees again. What else forbids
#: writing is not theirs to lift: a complaint, an address that does not exist, the shop's own word.
FREED_BY_CONSENT: Final = ("unsubscribed", "sunset", "erased")
#: On what basis it does: what was only concluded undoes nothing that somebody said.
FREEING: Final = ("express", "double_opt_in")


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
