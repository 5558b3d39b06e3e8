"""Double opt-in: a consent holds once the owner of the address has confirmed it.

German courts want it so: whoever sends advertising must prove that the owner of the address asked
for it, and only the answer to a mail proves that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.durations import Duration
from domain.journeys import JourneySettings
from domain.pace import Pace
from domain.rules import JourneyRules

#: What Dormouse writes about, and so what has to be confirmed.
TOPIC: Final = "marketing"
CHANNEL: Final = "email"

#: Forms can be filled in with other people's addresses, again and again: one mail a day, and three
#: in a month, are all that an address gets, whoever asks.
ASK_AGAIN_AFTER: Final = timedelta(days=1)
ASKS_COUNT_FOR: Final = timedelta(days=30)
_MOST_ASKS: Final = 3


class OptInSettings(JourneySettings):
    """How long somebody may take to confirm: as long works the link in the mail."""

    confirm_within: Duration = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DoubleOptIn:
    """Whether consents must be confirmed in this shop, and the times around it (real time)."""

    is_on: bool
    confirm_within: timedelta
    #: Who asks again sooner than this is answered by the mail that they have.
    ask_again_after: timedelta

    @classmethod
    def under(cls, rules: Iterable[JourneyRules], *, is_on: bool, pace: Pace) -> "DoubleOptIn":
        """As the journey that asks for confirmations has it in its settings."""
        asking = [r.settings for r in rules if isinstance(r.settings, OptInSettings)]
        settings = asking[0] if asking else OptInSettings()
        return cls(is_on, pace.of(settings.confirm_within), pace.of(ASK_AGAIN_AFTER))


class Confirmation(StrEnum):
    """What became of somebody's attempt to confirm."""

    CONFIRMED = "confirmed"
    #: They may be written to already: a second click, or they said so elsewhere.
    HELD_ALREADY = "held-already"
    #: Too late, withdrawn meanwhile, or meant for an address that is theirs no more.
    OUTDATED = "outdated"


def is_asked_enough(asked_at: Sequence[datetime], *, now: datetime, pace: Pace) -> bool:
    """Whether an address was asked for its confirmation so often that it is left in peace."""
    counted = [moment for moment in asked_at if moment > now - pace.of(ASKS_COUNT_FOR)]
    is_recent = any(moment > now - pace.of(ASK_AGAIN_AFTER) for moment in counted)
    return is_recent or len(counted) >= _MOST_ASKS
