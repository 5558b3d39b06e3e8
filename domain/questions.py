"""What runs ask of their activities besides sending, and the answers."""

from datetime import datetime, timedelta
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from domain.journeys import JourneyResult


class CalmQuestion(BaseModel):
    """Asks when nothing of these events had happened for `lasting`."""

    model_config = ConfigDict(frozen=True)

    customer_id: str
    events: tuple[str, ...]
    #: Only events from here on count; the run's entry.
    since: datetime
    #: Real time, already paced.
    lasting: timedelta


class RunEnded(BaseModel):
    """A run's last word, for our records."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    result: JourneyResult
    ended_at: datetime


class MarketingStop(BaseModel):
    """Write no more marketing to this customer, and keep the reason."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    customer_id: str
    reason: str


def calm_since(moments: list[datetime], *, since: datetime, lasting: timedelta) -> datetime:
    """The first moment at which `lasting` had passed without any of `moments`.

    `since` counts as the first of them. The answer lies in the future when calm is still coming.
    """
    times = sorted([since, *(moment for moment in moments if moment > since)])
    for earlier, later in pairwise(times):
        if later - earlier >= lasting:
            return earlier + lasting
    return times[-1] + lasting
