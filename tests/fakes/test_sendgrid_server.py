"""The stand-in for SendGrid is as strict as the real one, and its reports are believed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, web

from domain.deliveries import DeliveryEvent
from sending.channel import Accepted
from sending.sendgrid import SendGridChannel, payload_of
from sending.sendgrid_webhook import parse, verify
from tests.fakes.mail import a_mail
from tests.fakes.sendgrid_server import FakeSendGrid


@pytest.fixture
def sendgrid() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as sendgrid:
        yield sendgrid


class TestFakeSendGrid:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"subject": ""}, "subject"),
            ({"content": []}, "content"),
            ({"content": [{"type": "text/html", "value": ""}]}, "content.value"),
            (
                {
                    "content": [
                        {"type": "text/html", "value": "a"},
                        {"type": "text/plain", "value": "a"},
                    ]
                },
                "content",
            ),
            ({"personalizations": []}, "personalizations"),
            ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
            (
                {"personalizations": [{"to": [{"email": "a@b.example", "name": "A, B"}]}]},
                "personalizations.0.to.name",
            ),
            (
                {"personalizations": [{"to": [{"email": "a@b.example"}], "custom_args": {"n": 1}}]},
                "personalizations.0.custom_args",
            ),
            ({"from": {"email": "nobody"}}, "from.email"),
            ({"headers": {"Subject": "a"}}, "headers.Subject"),
            ({"categories": ["a", "a"]}, "categories"),
            ({"surprise": 1}, "surprise"),
        ],
    )
    async def test_refuses_what_the_real_one_refuses(
        self, sendgrid: FakeSendGrid, changes: dict[str, Any], field: str
    ) -> None:
        status, answer = await _post(sendgrid, {**payload_of(a_mail()), **changes})

        assert status == 400
        assert [error["field"] for error in answer["errors"]] == [field]
        assert sendgrid.mails == []

    async def test_keeps_no_mail_of_the_sandbox(self, sendgrid: FakeSendGrid) -> None:
        sandbox = {"mail_settings": {"sandbox_mode": {"enable": True}}}

        status, _ = await _post(sendgrid, {**payload_of(a_mail()), **sandbox})

        assert status == 200
        assert sendgrid.mails == []

    async def test_waits_for_mails_that_come_later(self, sendgrid: FakeSendGrid) -> None:
        async with aclosing(SendGridChannel(sendgrid.api_key, url=sendgrid.url)) as channel:
            waiting = asyncio.create_task(sendgrid.wait_for_mails(1))
            receipt = await channel.send(a_mail())
            [mail] = await waiting

        assert receipt == Accepted(mail.provider_message_id)
        assert mail.message_id == "msg_0b54c9a2"

    async def test_says_how_many_came_when_it_waited_in_vain(self, sendgrid: FakeSendGrid) -> None:
        with pytest.raises(TimeoutError, match="has 0 mails, not 1"):
            await sendgrid.wait_for_mails(1, within=0.01)

    async def test_reports_about_a_mail_so_that_the_webhook_believes_and_recognizes_it(
        self, sendgrid: FakeSendGrid
    ) -> None:
        bounced_at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        async with aclosing(SendGridChannel(sendgrid.api_key, url=sendgrid.url)) as channel:
            receipt = await channel.send(a_mail())
        [mail] = sendgrid.mails

        async with _webhook(sendgrid.public_key) as (url, events):
            report = sendgrid.event_for(mail, "bounce", at=bounced_at, type="bounce", reason="550")
            status = await sendgrid.post_events(url, [report])

        assert status == 200
        [event] = events
        assert isinstance(receipt, Accepted)
        assert event.provider_message_id == receipt.provider_message_id
        assert event.message_id == "msg_0b54c9a2"
        assert (event.type, event.bounce, event.reason) == ("bounced", "hard", "550")
        assert event.happened_at == bounced_at


async def _post(sendgrid: FakeSendGrid, payload: dict[str, Any]) -> tuple[int, Any]:
    async with (
        ClientSession(headers={"Authorization": f"Bearer {sendgrid.api_key}"}) as session,
        session.post(f"{sendgrid.url}/v3/mail/send", json=payload) as answer,
    ):
        return answer.status, await answer.json() if answer.status >= 400 else None


@asynccontextmanager
async def _webhook(key: str) -> AsyncIterator[tuple[str, list[DeliveryEvent]]]:
    events: list[DeliveryEvent] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        verify(request.headers, body, keys=[key], now=datetime.now(UTC))
        events.extend(parse(body))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", events
    await runner.cleanup()
