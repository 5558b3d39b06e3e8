"""Who calls: API keys looked up in the store, remembered for a few seconds, and their quotas."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from api.quotas import Quota
from domain.errors import Unavailable
from store import tables
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
    #: How much may be sent with this key; None when it has no limit.
    quota: Quota | None = field(default=None, compare=False)

    def spend(self, messages: int) -> None:
        """Take so many messages from the quota, beyond the one that every request costs."""
        if self.quota:
            self.quota.spend(messages)


class Keyring:
    """Finds principals by their keys. Only found keys are remembered.

    A key without a limit of its own may send `rate_limit` messages a second; 0 sets no limit.
    """

    def __init__(
        self,
        database: Database,
        *,
        rate_limit: float = 0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._rate_limit = rate_limit
        self._seconds = seconds
        self._quotas: dict[int | None, Quota] = {}
        self._known: dict[str, tuple[float, Principal]] = {}
        self._sought: dict[str, asyncio.Task[Principal | None]] = {}

    async def principal_of(self, key: str) -> Principal | None:
        """The owner of `key`; None when nobody has it or it was revoked."""
        now = self._seconds()
        believed_until, principal = self._known.get(key, (now, None))
        if principal and now < believed_until:
            return principal
        # One look for all who come with it at once; the first of them may leave before it is over.
        search = self._sought.get(key) or self._search(key)
        principal = await asyncio.shield(search)
        self._remember(key, principal, now)
        return principal

    def is_new(self, key: str) -> bool:
        """Whether the key was never found, and nobody is looking for it at this moment."""
        return key not in self._known and key not in self._sought

    def _search(self, key: str) -> asyncio.Task[Principal | None]:
        search = self._sought[key] = asyncio.create_task(self._look_up(key))
        search.add_done_callback(lambda _: self._sought.pop(key, None))
        return search

    async def _look_up(self, key: str) -> Principal | None:
        try:
            async with self._database.reading() as session:
                found = await find_key(session, key)
        except Unavailable as error:
            # The caller is nobody yet: what ails the database is for the log alone.
            raise Unavailable("Keys cannot be checked now; try again in a moment.") from error
        if found is None:
            return None
        return Principal(found.name, frozenset(found.scopes), self._quota_of(found))

    def _quota_of(self, key: tables.ApiKey) -> Quota | None:
        """The same bucket as before, unless the limit is another now."""
        rate = self._rate_limit if key.rate_limit is None else key.rate_limit
        if not rate:
            return None
        quota = self._quotas.get(key.id)
        if quota is None or quota.rate != rate:
            quota = self._quotas[key.id] = Quota(rate, seconds=self._seconds)
        return quota

    def _remember(self, key: str, principal: Principal | None, now: float) -> None:
        self._known.pop(key, None)
        if principal is None:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (now + BELIEVED_FOR.total_seconds(), principal)
