"""Who calls: API keys looked up in the store, remembered for a few seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from domain.errors import Unavailable
from store.keys import find_key
from store.sessions import Database

#: How long a found key is believed: a revoked one stops working after this at the latest.
BELIEVED_FOR: Final = timedelta(seconds=5)
_MOST: Final = 1_000


class Scope(StrEnum):
    """What a key may do. Each stands for itself: `manage` does not include `read`."""

    INGEST = "ingest"
    READ = "read"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, by the name of their key."""

    name: str
    scopes: frozenset[str]


class Keyring:
    """Finds principals by their keys. Only found keys are remembered."""

    def __init__(
        self, database: Database, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._known: dict[str, tuple[float, Principal]] = {}

    async def principal_of(self, key: str) -> Principal | None:
        """The owner of `key`; None when nobody has it or it was revoked."""
        now = self._seconds()
        believed_until, principal = self._known.get(key, (now, None))
        if principal and now < believed_until:
            return principal
        principal = await self._look_up(key)
        self._remember(key, principal, now)
        return principal

    async def _look_up(self, key: str) -> Principal | None:
        try:
            async with self._database.reading() as session:
                found = await find_key(session, key)
        except Unavailable as error:
            # The caller is nobody yet: what ails the database is for the log alone.
            raise Unavailable("Keys cannot be checked now; try again in a moment.") from error
        return Principal(found.name, frozenset(found.scopes)) if found else None

    def _remember(self, key: str, principal: Principal | None, now: float) -> None:
        self._known.pop(key, None)
        if principal is None:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (now + BELIEVED_FOR.total_seconds(), principal)
