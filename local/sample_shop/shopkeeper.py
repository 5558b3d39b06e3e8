"""The sample shop as a user of Dormouse: everything it does goes through the public HTTP API."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import aiohttp

from domain.pace import Pace
from local.gateway import Gateway, Rejected
from local.pacing import LARGEST_BATCH, Moment, RealClock, Timeline, due_batches
from local.replay import Tally, post_batch
from local.sample_shop.customers import CUSTOMERS
from local.sample_shop.products import PRODUCTS
from local.sample_shop.stories import SETTINGS
from local.sample_shop.telling import DirectStart, Mail, Telling
from local.watching import Change, MessageChanged, Shown

_BY_ADDRESS = {customer.email: customer.id for customer in CUSTOMERS.values()}
_LEFT = {"accepted", "delivered"}
_ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Audience(Protocol):
    """Who hears what goes on."""

    def happened(self, who: str, event: str) -> None:
        """A customer did something."""

    def told(self, who: str, sentence: str) -> None:
        """Something else worth a line."""


class Shopkeeper:
    """Opens the shop, tells its stories in their own time, and lets customers answer mails."""

    def __init__(
        self, gateway: Gateway, telling: Telling, *, scale: float, audience: Audience
    ) -> None:
        self._gateway = gateway
        self._telling = telling
        self._pace = Pace(scale)
        self._audience = audience
        self._clock = RealClock()
        self._mails: asyncio.Queue[tuple[Mail, Shown]] = asyncio.Queue()
        self._answered: set[Mail] = set()
        self._started: set[str] = set()
        self.tally = Tally()

    async def open_shop(self) -> None:
        """Describe the goods, and what is offered to whom."""
        goods = [product.described(self._telling.shop.url) for product in PRODUCTS.values()]
        await self._gateway.post("/v1/products/batch", {"products": goods})
        for journey, settings in SETTINGS.items():
            await self._gateway.put(f"/v1/journeys/{journey}/settings", {"settings": settings})

    async def keep_shop(self) -> None:
        """Tell all stories, and go on answering mails until cancelled."""
        timeline = self._timeline(self._clock.now())
        await self._import_history(timeline)
        try:
            async with asyncio.TaskGroup() as doings:
                doings.create_task(self._play(self._telling.moments(), timeline))
                doings.create_task(self._start_journeys(timeline))
                while True:
                    mail, shown = await self._mails.get()
                    doings.create_task(self._answer(mail, shown))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def notice(self, change: Change) -> None:
        """A mail that has left is read; some customers do something because of it."""
        if not isinstance(change, MessageChanged):
            return
        message = change.message
        customer = _BY_ADDRESS.get(message["to"] or "")
        if customer is None or message["status"] not in _LEFT:
            return
        mail = Mail(customer, message["journey"], message["step"])
        if mail in self._telling.mails_answered and mail not in self._answered:
            self._answered.add(mail)
            self._mails.put_nowait((mail, message))

    def _timeline(self, begins_at: datetime) -> Timeline:
        return Timeline(pace=self._pace, begins_at=begins_at)

    async def _import_history(self, timeline: Timeline) -> None:
        history = [timeline.stamped(moment) for moment in self._telling.history()]
        for begin in range(0, len(history), LARGEST_BATCH):
            await self._gateway.post(
                "/v1/import", {"batch": history[begin : begin + LARGEST_BATCH]}
            )

    async def _play(self, moments: Sequence[Moment], timeline: Timeline) -> None:
        async for batch in due_batches(moments, timeline, self._clock):
            await post_batch(self._gateway, batch, timeline, self._clock, self.tally)
            for moment in batch:
                self._tell_of(moment.message)

    def _tell_of(self, message: Mapping[str, Any]) -> None:
        if customer := CUSTOMERS.get(message.get("userId", "")):
            self._audience.happened(customer.first_name, message.get("event", ""))

    async def _start_journeys(self, timeline: Timeline) -> None:
        for start in self._telling.direct_starts:
            wait = timeline.at(start.after) - self._clock.now()
            await self._clock.sleep(max(wait, timedelta()))
            self._audience.told(CUSTOMERS[start.customer].first_name, await self._start(start))

    async def _start(self, start: DirectStart) -> str:
        try:
            run = await self._gateway.post(
                f"/v1/journeys/{start.journey}/runs",
                {"customer_id": start.customer},
                **{"Idempotency-Key": start.idempotency_key},
            )
        except Rejected as refusal:
            return f"{start.journey} not started: {refusal}"
        is_new = start.idempotency_key not in self._started
        self._started.add(start.idempotency_key)
        how = "started by the shop" if is_new else "asked for again by the shop: the same run"
        return f"{start.journey} {how} ({run['id']})"

    async def _answer(self, mail: Mail, shown: Shown) -> None:
        came_at = self._clock.now()
        answers = self._telling.answer_to(mail, shown)
        await self._play(answers, self._timeline(came_at))
        if (after := self._telling.unsubscribes.get(mail)) is not None:
            await self._clock.sleep(self._pace.of(after))
            await self._unsubscribe(mail, shown)

    async def _unsubscribe(self, mail: Mail, shown: Shown) -> None:
        """Do what a mail program does when its "unsubscribe" is pressed (RFC 8058)."""
        in_full = await self._gateway.get(f"/v1/messages/{shown['id']}")
        link = re.search(r"<(https?://[^>]+)>", (in_full["headers"] or {})["List-Unsubscribe"])
        if link:
            async with (
                aiohttp.ClientSession() as mail_program,
                mail_program.post(link[1], data=_ONE_CLICK) as answer,
            ):
                answer.raise_for_status()
            self._audience.told(CUSTOMERS[mail.customer].first_name, "unsubscribes with one click")
