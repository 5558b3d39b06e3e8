"""The whole way with real processes: HTTP in, Temporal, mail out, webhooks back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fakes.installation import EVERYTHING, Installation, Running
from tests.fakes.sendgrid_server import FakeSendGrid
from tests.fakes.waiting import until
from tests.whole_way.processes import TEMPORAL
from tests.whole_way.shop import Shop, backend_of

#: A day passes in about four seconds.
SCALE = "20000"


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def shop(shared_folder: Path) -> AsyncIterator[Shop]:
    settings = {"DORMOUSE_TIME_SCALE": SCALE, "DORMOUSE_SHOP_URL": "https://shop.example"}
    async with (
        Installation(shared_folder, settings).running(EVERYTHING) as running,
        backend_of(running) as shop,
    ):
        yield shop


async def eventually(shop: Shop, path: str, *, customer: str, count: int) -> list[dict[str, Any]]:
    """The customer's items of a list, the newest first, as soon as there are so many."""
    async with asyncio.timeout(40):
        while len(items := await shop.everything(path, customer_id=customer)) < count:
            await asyncio.sleep(0.1)
    return items


def written_to(shop: Shop, address: str) -> int:
    """How many mails the outbox keeps for them."""
    kept = (shop.running.state / "outbox").glob("*.eml")
    return sum(f"To: {address}" in mail.read_text() for mail in kept)


@pytest.mark.asyncio(loop_scope="class")
class TestAShopsEvents:
    async def test_become_a_journey_and_its_mails(self, shop: Shop) -> None:
        await shop.knows("elif", locale="tr")
        await shop.sees("elif", "Product Added", product_id="tent", name="Tent", price=99)

        mails = await eventually(shop, "/v1/messages", customer="elif", count=3)

        assert [mail["step"] for mail in reversed(mails)] == [
            "kept-for-you",
            "incentive",
            "last-reminder",
        ]
        assert {mail["locale"] for mail in mails} == {"tr"}
        await until(lambda: written_to(shop, "Elif <elif@example.com>") == 3)
        async with httpx.AsyncClient(base_url=shop.running.url) as browser:
            page = await browser.get("/outbox")
        assert page.text.count("elif@example.com") == 3

    async def test_can_be_followed_run_by_run(self, shop: Shop) -> None:
        await shop.knows("ada")
        await shop.sees("ada", "Order Delivered", order_id="o1", products=[])
        [listed] = await eventually(shop, "/v1/runs", customer="ada", count=1)

        run = await shop.running.get(f"/v1/runs/{listed['id']}")

        assert (run["journey"], run["status"], run["key"]) == ("review-request", "waiting", "o1")
        assert run["waiting_for"] == "“Product Reviewed” for up to 14 days"
        assert run["wakes_at"] is not None
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(run["temporal_url"])).status_code == httpx.codes.OK

    async def test_that_start_a_journey_directly_start_it_once(self, shop: Shop) -> None:
        await shop.knows("bob")
        path, body = "/v1/journeys/win-back/runs", {"customer_id": "bob"}
        key = {"Idempotency-Key": "4711"}

        first = await shop.post(path, body, **key)
        again = await shop.post(path, body, **key)
        another = await shop.post(path, body)

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert another.status_code == httpx.codes.CONFLICT
        assert another.json()["code"] == "already-running"

    async def test_wait_for_temporal_when_it_is_down(self, shop: Shop) -> None:
        await shop.knows("zoe")
        temporal = shop.running.children[TEMPORAL]
        os.kill(temporal, signal.SIGSTOP)
        await shop.sees("zoe", "Product Added", product_id="tent", name="Tent")
        os.kill(temporal, signal.SIGCONT)

        mails = await eventually(shop, "/v1/messages", customer="zoe", count=1)

        assert mails[-1]["step"] == "kept-for-you"


class TestMailThroughSendGrid:
    async def test_comes_back_by_webhook_to_the_run_that_sent_it(self, folder: Path) -> None:
        with FakeSendGrid() as sendgrid:
            settings = {
                "DORMOUSE_TIME_SCALE": SCALE,
                "DORMOUSE_SENDER": "sendgrid",
                "DORMOUSE_SENDGRID_API_KEY": sendgrid.api_key,
                "DORMOUSE_SENDGRID_URL": sendgrid.url,
                "DORMOUSE_SENDGRID_WEBHOOK_KEYS": sendgrid.signer.public_key,
            }
            async with (
                Installation(folder, settings).running(EVERYTHING) as running,
                backend_of(running) as shop,
            ):
                await shop.knows("elif")
                await shop.post("/v1/journeys/win-back/runs", {"customer_id": "elif"})
                await self.clicks_the_first_mail(running, sendgrid)

                mails = await eventually(shop, "/v1/messages", customer="elif", count=2)

        assert [mail["step"] for mail in reversed(mails)] == ["we-miss-you", "welcome-back"]
        assert mails[-1]["status"] == "delivered"

    @staticmethod
    async def clicks_the_first_mail(running: Running, sendgrid: FakeSendGrid) -> None:
        await sendgrid.wait_for_mails(1, within=20)
        mail = sendgrid.mails[0]
        a_moment_ago = datetime.now(UTC) - timedelta(seconds=20)  # a scanner would be quicker
        events = [
            sendgrid.event_for(mail, "delivered", at=a_moment_ago),
            sendgrid.event_for(mail, "click", url="https://shop.example/"),
        ]
        await sendgrid.post_events(f"{running.url}/v1/webhooks/sendgrid", events)
