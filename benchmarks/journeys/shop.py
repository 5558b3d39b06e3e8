"""A shop under measurement: customers whose carts become journeys, through the gateway alone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from sqlmodel import col, func, select

from benchmarks.journeys.installation import Installation
from domain.journeys import RunStatus
from domain.messages import MessageStatus
from store import tables

JOURNEY: Final = "cart-abandonment"
#: A customer of old, whom no welcome greets.
_TRAITS: Final = {
    "marketing_consent": True,
    "firstName": "Ada",
    "locale": "en",
    "createdAt": "2024-03-01",
}
_CART: Final = {"product_id": "tent", "name": "Tent", "price": 99}
_AT_ONCE: Final = 4


@dataclass(slots=True)
class Shop:
    """What the benchmark does to the gateway, and asks of the database."""

    dormouse: Installation
    numbers: "count[int]" = field(default_factory=count)

    async def open(self) -> None:
        """Let customers enter one journey only: carts."""
        for journey in (await self.dormouse.get("/v1/journeys"))["items"]:
            if journey["name"] != JOURNEY:
                await self.dormouse.post(f"/v1/journeys/{journey['name']}/pause", {})

    async def is_set_to(self, **settings: str) -> None:
        """Let the carts from now on have these settings."""
        await self.dormouse.put(f"/v1/journeys/{JOURNEY}/settings", {"settings": settings})

    async def meets(self, number: int) -> list[str]:
        """Make so many customers known, who all want mail; returns their ids."""
        names = [f"customer-{next(self.numbers)}" for _ in range(number)]
        await self._tell(
            [
                {
                    "type": "identify",
                    "userId": name,
                    "traits": {**_TRAITS, "email": f"{name}@example.com"},
                }
                for name in names
            ]
        )
        return names

    async def sees_carts(self, customers: Sequence[str], *, at: datetime | None = None) -> None:
        """Have each of them put something into the cart, at the same moment if one is given."""
        moment = {"timestamp": at.isoformat()} if at else {}
        await self._tell(
            [
                {
                    "type": "track",
                    "event": "Product Added",
                    "userId": name,
                    "properties": _CART,
                    **moment,
                }
                for name in customers
            ]
        )

    async def sells_to(self, customer: str) -> datetime:
        """Have one order; returns when the gateway answered."""
        number = next(self.numbers)
        await self.dormouse.post(
            "/v1/track",
            {
                "event": "Order Completed",
                "userId": customer,
                "messageId": f"order-{number}",
                "properties": {"order_id": f"order-{number}", "products": [_CART]},
            },
            gateway=number,
        )
        return datetime.now(UTC)

    async def told(self) -> bool:
        """Whether Temporal has been told everything that was accepted."""
        return await self._count(select(func.count()).select_from(tables.Dispatch)) == 0

    async def ended(self) -> int:
        """How many runs have ended so far."""
        ended = col(tables.Run.status) == RunStatus.ENDED
        return await self._count(select(func.count()).where(ended))

    async def sent(self) -> int:
        """How many mails have left so far."""
        sent = col(tables.Message.status) == MessageStatus.ACCEPTED
        return await self._count(select(func.count()).where(sent))

    async def workflow_of(self, customer: str) -> str:
        """The workflow of the customer's only run."""
        found = (
            select(tables.Run.workflow_id)
            .join(tables.Customer)
            .where(col(tables.Customer.external_id) == customer)
        )
        async with self.dormouse.database.reading() as session:
            return (await session.execute(found)).scalar_one()

    async def thanked_at(self, workflow_id: str) -> datetime:
        """When the thank-you mail of a run had left."""
        found = (
            select(tables.Message.sent_at)
            .join(tables.Run)
            .where(
                col(tables.Run.workflow_id) == workflow_id,
                col(tables.Message.step) == "thank-you",
            )
        )
        async with self.dormouse.database.reading() as session:
            sent_at: datetime = (await session.execute(found)).scalar_one()
        return sent_at

    async def _count(self, counting: Any) -> int:
        async with self.dormouse.database.reading() as session:
            return int((await session.execute(counting)).scalar_one())

    async def _tell(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Post in batches of 100, some at once, the gateways in turn."""
        batches = [messages[start : start + 100] for start in range(0, len(messages), 100)]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def post(number: int, batch: Sequence[Mapping[str, Any]]) -> None:
            async with gate:
                await self.dormouse.post("/v1/batch", {"batch": batch}, gateway=number)

        async with asyncio.TaskGroup() as tasks:
            for number, batch in enumerate(batches):
                tasks.create_task(post(number, batch))
