"""A running gateway, as a shop's backend speaks with it: over HTTP, patiently."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

from domain.errors import DormouseError, Unavailable

_ONE_CALL = aiohttp.ClientTimeout(total=30)
_LONGEST_PAUSE = timedelta(seconds=10)
_WORTH_RETRYING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class Rejected(DormouseError):
    """The gateway understood the request and does not take it; the message is its own."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Gateway:
    """A gateway at one address, with one key.

    A call that fails for want of a connection or an answer is made again, later and later, until
    `patience` is over: then Unavailable. `on_trouble` hears one line each time.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        patience: timedelta,
        on_trouble: Callable[[str], None],
    ) -> None:
        self._session = session
        self._url = url
        self._patience = patience
        self._on_trouble = on_trouble

    async def get(self, path: str, **query: str | int) -> Any:
        """The answer to GET; raises Rejected or Unavailable."""
        return await self.call("GET", path, lambda: None, query=query)

    async def post(self, path: str, body: Mapping[str, Any], **headers: str) -> Any:
        """The answer to POST; raises Rejected or Unavailable."""
        return await self.call("POST", path, lambda: body, headers=headers)

    async def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to PUT; raises Rejected or Unavailable."""
        return await self.call("PUT", path, lambda: body)

    async def call(
        self,
        method: str,
        path: str,
        body: Callable[[], Mapping[str, Any] | None],
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The gateway's JSON answer. `body` is asked anew for each attempt.

        Raises Rejected when the gateway refuses, Unavailable when it does not answer.
        """
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._patience.total_seconds()
        pause = 0.25
        while True:
            try:
                async with self._session.request(
                    method, self._url + path, json=body(), params=query, headers=headers
                ) as response:
                    return await _read(response)
            except aiohttp.InvalidURL as error:
                raise DormouseError(
                    f"{self._url!r} is no address of a gateway: write it like "
                    "http://127.0.0.1:8000."
                ) from error
            except (aiohttp.ClientError, TimeoutError, OSError, Unavailable) as error:
                if clock() + pause > give_up_at:
                    raise Unavailable(_no_answer(self._url, error)) from error
                self._on_trouble(f"{_reason(error)}; trying again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE.total_seconds())


@asynccontextmanager
async def open_gateway(
    url: str,
    key: str,
    *,
    patience: timedelta = timedelta(seconds=30),
    on_trouble: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Gateway]:
    """A gateway to speak with for a while."""
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {key}"}, timeout=_ONE_CALL
    ) as session:
        yield Gateway(session, url.rstrip("/"), patience=patience, on_trouble=on_trouble)


async def _read(response: aiohttp.ClientResponse) -> Any:
    text = await response.text()
    if response.ok:
        return _parsed(text, response)
    told = _detail(text) or f"The gateway answered {response.status}"
    if response.status in _WORTH_RETRYING:
        raise Unavailable(told)
    raise Rejected(told, status=response.status)


def _parsed(text: str, response: aiohttp.ClientResponse) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        told = f"{response.url.origin()} does not answer like Dormouse: check --url."
        raise Rejected(told, status=response.status) from error


def _detail(text: str) -> str | None:
    """The sentence of a problem document."""
    try:
        told = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(told)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "The gateway takes too long to answer"
    if isinstance(error, Unavailable):
        return str(error).rstrip(".")
    return "The gateway does not answer"


def _no_answer(url: str, error: Exception) -> str:
    if isinstance(error, Unavailable):
        return str(error)
    return f"No gateway answers at {url}: start one with 'dormouse up', or name it with --url."
