"""Quotas: how much a key may send, and how much comes from one address without a key.

A bucket that fills steadily and is full after its window. Who finds it empty waits. A batch is let
in whole when anything is left and paid for afterwards, so that no batch is ever too large to pass;
the next request then waits until the debt is gone.
"""

import math
import time
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem

#: Where a request carries its key's quota, for the answer's headers.
QUOTA_IN_SCOPE: Final = "dormouse.quota"
#: Rate and window of wrong keys from one address.
WRONG_KEYS: Final = (1.0, 60)
#: Rate and window of visits to public pages from one address. Mail programs' servers press the
#: button of many people: they are never to be in the way of somebody who wants to leave.
VISITS: Final = (50.0, 20)
#: Addresses remembered at once, so that nobody fills our memory by coming from many.
_MOST_ADDRESSES: Final = 10_000
#: What one subscriber of an internet provider has at least: one address is never all of theirs.
_OWN_NETWORK_V6: Final = 64

Seconds = Callable[[], float]


class Quota:
    """So much a second, and up to `window` seconds' worth at once."""

    __slots__ = ("_at", "_capacity", "_left", "_policy", "_seconds", "rate")

    def __init__(self, rate: float, *, window: int = 10, seconds: Seconds = time.monotonic) -> None:
        self.rate = rate
        self._capacity = max(1.0, rate * window)
        self._seconds = seconds
        self._left = self._capacity
        self._at = seconds()
        span = math.ceil(self._capacity / rate)
        self._policy = (b"ratelimit-policy", b'"key";q=%d;w=%d' % (self._capacity, span))

    def admit(self) -> float:
        """Take one message, or tell the seconds until there is one; 0 when it was taken."""
        left = self._refilled()
        if left < 1:
            return (1 - left) / self.rate
        self._left = left - 1
        return 0.0

    @property
    def wait(self) -> float:
        """Seconds until something is let in; 0 for now."""
        return max(0.0, (1 - self._refilled()) / self.rate)

    @property
    def is_untouched(self) -> bool:
        """Whether it is full: to forget it changes nothing."""
        return self._refilled() >= self._capacity

    def spend(self, count: int) -> None:
        """Take so much, also when that is more than there is."""
        self._left -= count

    def headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """What callers are told of it (draft-ietf-httpapi-ratelimit-headers)."""
        left = int(self._left) if self._left > 0 else 0
        full_in = int((self._capacity - self._left) / self.rate) + 1
        return self._policy, (b"ratelimit", b'"key";r=%d;t=%d' % (left, full_in))

    def _refilled(self) -> float:
        now = self._seconds()
        self._left = min(self._capacity, self._left + (now - self._at) * self.rate)
        self._at = now
        return self._left


class QuotaByAddress:
    """The same quota for each client address."""

    def __init__(self, rate: float, window: int, *, seconds: Seconds = time.monotonic) -> None:
        self._rate = rate
        self._window = window
        self._seconds = seconds
        self._quotas: dict[str, Quota] = {}

    def of(self, scope: Scope) -> Quota:
        """The quota of the client that a request comes from."""
        client = scope.get("client")
        source = _network(client[0]) if client else ""
        quota = self._quotas.get(source)
        if quota is None:
            self._make_room()
            quota = Quota(self._rate, window=self._window, seconds=self._seconds)
            self._quotas[source] = quota
        return quota

    def _make_room(self) -> None:
        if len(self._quotas) >= _MOST_ADDRESSES:
            in_use = {s: quota for s, quota in self._quotas.items() if not quota.is_untouched}
            self._quotas = in_use if len(in_use) < _MOST_ADDRESSES else {}


class ToldQuotas:
    """Middleware that adds to each answer what is left of the key's quota."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and QUOTA_IN_SCOPE in scope:
                message["headers"] = [*message["headers"], *scope[QUOTA_IN_SCOPE].headers()]
            await send(message)

        await self._app(scope, receive, tell)


def too_many(wait: float, why: str) -> Problem:
    """The answer to whoever must wait so many seconds; `why` is the sentence's first half."""
    pause = math.ceil(wait)
    again = f"send this again in {pause} second{'s' if pause > 1 else ''}"
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate-limited",
        f"{why}; {again}.",
        headers={"Retry-After": str(pause)},
    )


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket of this machine has no address
        return address
    if isinstance(parsed, IPv6Address):
        return str(int(parsed) >> (128 - _OWN_NETWORK_V6))
    return address
