import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import Services, create_app
from config import Settings
from tests.fakes.intake import FakeIntake
from tests.fakes.sendgrid_signer import EventSigner, SignedBatch

PATH = "/v1/webhooks/sendgrid"
DELIVERED = {
    "event": "delivered",
    "sg_event_id": "ev-1",
    "sg_message_id": "abc.filter01",
    "message_id": "msg_1",
    "email": "ada@example.com",
    "timestamp": 1_741_000_000,
}
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


@pytest.fixture
def sendgrid() -> EventSigner:
    return EventSigner()


@pytest.fixture
def settings(settings: Settings, sendgrid: EventSigner) -> Settings:
    return settings.model_copy(update={"sendgrid_webhook_keys": (sendgrid.public_key,)})


async def posted(
    client: httpx.AsyncClient, batch: SignedBatch, **changes: str | None
) -> httpx.Response:
    headers: dict[str, Any] = {**batch.headers}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    sent = {name: value for name, value in headers.items() if value is not None}
    return await client.post(PATH, content=batch.body, headers=sent)


class TestSendGridsReport:
    async def test_is_taken_when_it_is_signed(
        self, client: httpx.AsyncClient, sendgrid: EventSigner, intake: FakeIntake
    ) -> None:
        answer = await posted(client, sendgrid.sign([DELIVERED]))

        assert answer.status_code == 200
        [(provider, event)] = intake.reports
        assert provider == "sendgrid"
        assert (event.id, event.type, event.message_id) == ("ev-1", "delivered", "msg_1")

    async def test_counts_once_when_it_comes_again(
        self, client: httpx.AsyncClient, sendgrid: EventSigner, intake: FakeIntake
    ) -> None:
        await posted(client, sendgrid.sign([DELIVERED]))
        answer = await posted(client, sendgrid.sign([DELIVERED]))

        assert answer.status_code == 200
        assert len(intake.reports) == 1

    async def test_is_counted_by_what_it_says(
        self, client: httpx.AsyncClient, sendgrid: EventSigner
    ) -> None:
        bounced = {**DELIVERED, "sg_event_id": "ev-2", "event": "bounce", "type": "bounce"}

        await posted(client, sendgrid.sign([DELIVERED, bounced, {"event": "invented"}]))

        metrics = (await client.get("/metrics")).text
        counted = "dormouse_provider_reports_total"
        for kind in ("delivered", "bounced", "unknown"):
            assert f'{counted}{{provider="sendgrid",type="{kind}"}} 1.0' in metrics

    async def test_is_taken_while_the_key_is_being_changed(
        self, services: Services, sendgrid: EventSigner
    ) -> None:
        both = {"sendgrid_webhook_keys": (EventSigner().public_key, sendgrid.public_key)}
        app = create_app(replace(services, settings=services.settings.model_copy(update=both)))

        async with client_of(app) as client:
            answer = await posted(client, sendgrid.sign([DELIVERED]))

        assert answer.status_code == 200

    async def test_is_refused_with_one_answer_however_its_signature_is_wrong(
        self, client: httpx.AsyncClient, sendgrid: EventSigner, intake: FakeIntake
    ) -> None:
        genuine = sendgrid.sign([DELIVERED])
        forged = SignedBatch(genuine.headers, genuine.body.replace(b"delivered", b"spamreport"))
        wrong: list[httpx.Response] = [
            await posted(client, forged),
            await posted(client, EventSigner().sign([DELIVERED])),
            await posted(client, genuine, **{SIGNATURE: None}),
            await posted(client, genuine, **{SIGNATURE: ""}),
            await posted(client, genuine, **{SIGNATURE: "not base64!"}),
            await posted(client, genuine, **{SIGNATURE: "AAAA"}),
            await posted(client, genuine, **{TIMESTAMP: None}),
            await posted(client, genuine, **{TIMESTAMP: ""}),
            await posted(client, genuine, **{TIMESTAMP: "1"}),
            await posted(client, genuine, **{SIGNATURE: None, TIMESTAMP: None}),
        ]

        assert {answer.status_code for answer in wrong} == {401}
        assert len({answer.text for answer in wrong}) == 1
        assert wrong[0].json()["code"] == "invalid-signature"
        assert intake.reports == []

    async def test_is_not_even_read_when_it_has_no_signature(
        self, client: httpx.AsyncClient
    ) -> None:
        read = 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1
                yield b" " * 10_000

        answer = await client.post(PATH, content=pieces())

        assert answer.status_code == 401
        assert read == 0

    async def test_is_refused_when_no_key_is_configured(
        self, services: Services, sendgrid: EventSigner
    ) -> None:
        off = services.settings.model_copy(update={"sendgrid_webhook_keys": ()})

        async with client_of(create_app(replace(services, settings=off))) as client:
            answer = await posted(client, sendgrid.sign([DELIVERED]))

        assert answer.status_code == 404
        assert answer.json()["code"] == "webhook-not-configured"
        assert "DORMOUSE_SENDGRID_WEBHOOK_KEYS" in answer.json()["detail"]

    async def test_is_refused_when_it_is_no_list_of_events(
        self, client: httpx.AsyncClient, sendgrid: EventSigner
    ) -> None:
        answer = await posted(client, sendgrid.sign(b'{"event": "delivered"}'))

        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid-json"

    async def test_is_refused_when_it_is_too_large(
        self, client: httpx.AsyncClient, sendgrid: EventSigner
    ) -> None:
        answer = await posted(client, sendgrid.sign(b" " * 10_240_001))

        assert answer.status_code == 413

    async def test_is_refused_when_it_is_compressed(
        self, client: httpx.AsyncClient, sendgrid: EventSigner
    ) -> None:
        genuine = sendgrid.sign([DELIVERED])
        packed = SignedBatch(genuine.headers, gzip.compress(genuine.body))

        answer = await posted(client, packed, Content_Encoding="gzip")

        assert answer.status_code == 415

    async def test_is_to_be_sent_again_while_we_cannot_keep_it(
        self, client: httpx.AsyncClient, sendgrid: EventSigner, intake: FakeIntake
    ) -> None:
        intake.failures_ahead = 1

        first = await posted(client, sendgrid.sign([DELIVERED]))
        second = await posted(client, sendgrid.sign([DELIVERED]))

        assert (first.status_code, second.status_code) == (503, 200)
        assert len(intake.reports) == 1


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")
