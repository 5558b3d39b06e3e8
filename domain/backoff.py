"""How long to wait before a provider is tried again."""

from datetime import timedelta
from typing import Final

_FIRST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(hours=6)
#: A step is given up when its provider has not taken it for so long.
GIVE_UP_AFTER: Final = timedelta(days=3)
#: A message that was held for so long (by a pause, say) comes too late to make sense.
WORTH_SENDING_FOR: Final = timedelta(days=7)
#: A message of a paused journey asks again this often.
ASK_AGAIN_IF_PAUSED: Final = timedelta(minutes=15)
#: A transactional message of unknown fate is repeated after this.
ASK_AGAIN_IF_UNKNOWN: Final = timedelta(minutes=2)


def back_off(attempts: int, *, spread: float) -> timedelta:
    """The pause after so many failed attempts: doubling from 1 minute to 6 hours.

    `spread` (0 to 1) moves it by up to a quarter, so that what failed together does not come
    back together.
    """
    pause = min(_FIRST * (1 << min(attempts - 1, 16)), _LONGEST)
    return pause * (1 + spread / 4)
