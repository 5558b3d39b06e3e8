"""When somebody last did what journeys ask about: noted with the customer, so that no scan tells.

Looks are noted to the minute: visitors take several in one, and no journey needs it any finer.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from domain.events import CHECKOUT_STARTED, ENGAGEMENT, PRODUCT_ADDED, VISITS, Event
from store.people import Person

#: Visits that change nothing: somebody is there.
LOOKS: Final = frozenset(VISITS) - {PRODUCT_ADDED, CHECKOUT_STARTED}
#: A look so soon after the one noted is not noted, in the journeys' own time.
LOOK_GRAIN: Final = timedelta(minutes=1)
_EXACTLY: Final = timedelta()
_ENGAGING: Final = frozenset(ENGAGEMENT.events)


def note(known: Person, event: Event, *, is_asked_for: bool, grain: timedelta) -> bool:
    """Remember when this last happened; False when nothing had to be written down.

    Of names that nobody asks for, only the last activity is kept: a shop's own do not pile up.
    """
    grain = grain if event.name in LOOKS else _EXACTLY
    is_news = is_asked_for and note_moment(known, event.name, event.happened_at, grain=grain)
    if event.name in _ENGAGING:
        last, at = known.last_active_at, event.happened_at
        if last is None or at > last + grain:
            known.last_active_at, is_news = at, True
    return is_news


def note_moment(known: Person, name: str, at: datetime, *, grain: timedelta = _EXACTLY) -> bool:
    """Remember when something of this name last happened; False when that is known already."""
    noted = known.latest.get(name)
    if noted is not None and at <= datetime.fromisoformat(noted) + grain:
        return False
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    known.latest = {**known.latest, name: moment}
    return True
