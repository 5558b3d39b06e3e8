"""A shop beside a running gateway, with the example between them."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from examples.bridge import HeaderNames
from store import tables
from store.sessions import Database
from tests.fakes.whole_gateway import Gateway, whole_gateway

SECRET = "what the shop signs with"


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    with whole_gateway(database_url, tmp_path) as gateway:
        yield gateway


@dataclass
class Shop:
    """Sends webhooks through the bridge, and looks at what Dormouse made of them."""

    client: httpx.AsyncClient
    database: Database
    names: HeaderNames
    number: int = field(default=0)

    async def sends(self, topic: str, payload: Mapping[str, Any], **headers: str) -> int:
        """The status of the answer to a webhook, signed as the shop signs it."""
        self.number += 1
        body = json.dumps(payload).encode()
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
        signed = {
            self.names.topic: topic,
            self.names.id: f"delivery-{self.number}",
            self.names.signature: signature,
            "Content-Type": "application/json",
        }
        answer = await self.client.post("/webhooks", content=body, headers={**signed, **headers})
        return answer.status_code

    async def events(self) -> list[tuple[str, str | None]]:
        """What happened, and the order that it was about; identify calls left out."""
        async with self.database.reading() as session:
            rows = await session.scalars(select(tables.Event).order_by(col(tables.Event.id)))
            return [
                (row.name, row.order_id)
                for row in rows
                if row.name not in {"Identified", "Subscribed", "Unsubscribed"}
            ]

    async def customer(self) -> tables.Customer:
        async with self.database.reading() as session:
            return (await session.scalars(select(tables.Customer))).one()

    async def product(self) -> tables.Product:
        async with self.database.reading() as session:
            return (await session.scalars(select(tables.Product))).one()


@asynccontextmanager
async def beside(app: FastAPI, database: Database, names: HeaderNames) -> AsyncIterator[Shop]:
    """A shop whose webhooks go to this bridge."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://bridge") as client,
    ):
        yield Shop(client, database, names)
