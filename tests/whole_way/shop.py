"""A shop's backend, as it speaks with the gateway: patiently, repeating what got no answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any
from urllib.parse import urlencode

import httpx

from domain.journeys import OVER
from tests.fakes.installation import Running


@asynccontextmanager
async def backend_of(running: Running) -> AsyncIterator["Shop"]:
    """The backend of a shop that uses this Dormouse."""
    assert running.key, f"It did not start: {''.join(running.output)}"
    async with httpx.AsyncClient(timeout=5) as client:
        shop = Shop(running, client)
        # Its stories are about carts and orders: who becomes known is not welcomed on top.
        await shop.post("/v1/journeys/welcome/pause", {})
        yield shop


@dataclass
class Shop:
    """Sends events until they are accepted, to each gateway in turn."""

    running: Running
    client: httpx.AsyncClient
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    gateways: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.gateways = cycle(self.running.urls)

    async def knows(self, customer: str, **traits: Any) -> None:
        """A customer of old: nobody welcomes them."""
        known = {
            "email": f"{customer}@example.com",
            "firstName": customer.title(),
            "createdAt": "2024-03-01",
        }
        await self.sends(
            "identify", userId=customer, traits={**known, "marketing_consent": True, **traits}
        )

    async def sees(self, customer: str, event: str, **properties: Any) -> None:
        await self.sends("track", userId=customer, event=event, properties=properties)

    async def sends(self, call: str, **body: Any) -> None:
        # Without a timestamp an event happens when it is accepted: none grows stale in a retry.
        await self.post(f"/v1/{call}", {"messageId": f"shop-{next(self.numbers)}", **body})

    async def post(self, path: str, body: Mapping[str, Any], **headers: str) -> httpx.Response:
        """POST until somebody answers; a refusal is an answer."""
        headers = {"Authorization": f"Bearer {self.running.key}", **headers}
        async with asyncio.timeout(60):
            while True:
                try:
                    url = f"{next(self.gateways)}{path}"
                    answer = await self.client.post(url, json=body, headers=headers)
                    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                        return answer
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    async def hurries(self, journey: str) -> list[dict[str, Any]]:
        """All runs of this journey; each one's wait ends now, as an engineer may want it to."""
        runs = [run for run in await self.everything("/v1/runs") if run["journey"] == journey]
        for run in runs:
            if run["status"] not in OVER:
                await self.post(f"/v1/runs/{run['id']}/fast-forward", {})
        return runs

    async def everything(self, path: str, **wanted: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        items: list[dict[str, Any]] = []
        query = {"limit": "200", **wanted}
        while True:
            page = await self.running.get(f"{path}?{urlencode(query)}")
            items += page["items"]
            if page["next"] is None:
                return items
            query["cursor"] = page["next"]
