"""What is particular to SendGrid: the payload, the key, and how it is spoken to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from sending.channel import Accepted, Rejected, TryLater, Unknown
from sending.sendgrid import SendGridChannel, payload_of
from tests.fakes.mail import a_mail
from tests.fakes.sendgrid_server import FakeSendGrid

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as server:
        yield server


@pytest.fixture
async def channel(server: FakeSendGrid) -> AsyncIterator[SendGridChannel]:
    async with aclosing(SendGridChannel(server.api_key, url=server.url)) as channel:
        yield channel


class TestPayload:
    def test_is_what_sendgrid_documents(self) -> None:
        mail = a_mail(headers={"List-Unsubscribe": "<https://shop.example/u/t>"})

        assert payload_of(mail) == {
            "from": {"email": "hello@shop.example", "name": "Dormouse Shop"},
            "reply_to": {"email": "help@shop.example"},
            "subject": "Wir haben Ihren Korb aufgehoben … für Sie",
            "personalizations": [
                {
                    "to": [{"email": "zoe@customer.example", "name": "Zoë Müller"}],
                    "custom_args": {
                        "message_id": "msg_0b54c9a2",
                        "run_id": "run_01",
                        "journey": "cart-abandonment",
                        "step": "kept-for-you",
                    },
                }
            ],
            "content": [
                {"type": "text/plain", "value": "Der Käse ist noch da."},
                {"type": "text/html", "value": "<p>Der Käse ist <b>noch da</b>.</p>"},
            ],
            "headers": {"List-Unsubscribe": "<https://shop.example/u/t>"},
            "categories": ["kept-for-you", "cart-abandonment"],
            "tracking_settings": {"subscription_tracking": {"enable": False}},
        }

    def test_puts_no_personal_data_where_it_cannot_be_erased(self) -> None:
        payload = payload_of(a_mail())

        labels = f"{payload['categories']} {payload['personalizations'][0]['custom_args']}"
        assert "zoe" not in labels
        assert "Zoë" not in labels

    @pytest.mark.parametrize(
        ("name", "sent"),
        [
            ("Müller, Zoë", "Müller Zoë"),
            ("Zoë; Max", "Zoë Max"),
            ("Zoë\r\nBcc: eve", "Zoë Bcc: eve"),
            (" , ", None),
        ],
    )
    def test_keeps_names_whole_that_sendgrid_would_cut(self, name: str, sent: str | None) -> None:
        [person] = payload_of(a_mail(to_name=name))["personalizations"][0]["to"]

        assert person.get("name") == sent

    def test_names_a_journey_and_step_of_the_same_name_once(self) -> None:
        payload = payload_of(a_mail(metadata={"journey": "welcome", "step": "welcome"}))

        assert payload["categories"] == ["welcome"]

    def test_goes_without_labels_when_there_is_no_metadata(self) -> None:
        payload = payload_of(a_mail(metadata={}))

        assert "categories" not in payload
        assert payload["personalizations"][0]["custom_args"] == {"message_id": "msg_0b54c9a2"}


class TestSendGridChannel:
    async def test_answers_with_the_id_under_which_sendgrid_reports(
        self, server: FakeSendGrid, channel: SendGridChannel
    ) -> None:
        receipt = await channel.send(a_mail())

        assert receipt == Accepted(server.mails[0].provider_message_id)

    async def test_reuses_its_connection(
        self, server: FakeSendGrid, channel: SendGridChannel
    ) -> None:
        for number in range(5):
            await channel.send(a_mail(message_id=f"msg_{number}"))

        assert len(server.connections) == 1

    async def test_gives_up_waiting_for_an_answer_without_knowing_the_outcome(
        self, server: FakeSendGrid
    ) -> None:
        server.accept_then_hang()
        patience = timedelta(milliseconds=100)

        async with aclosing(
            SendGridChannel(server.api_key, url=server.url, patience=patience)
        ) as channel:
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, Unknown)
        await server.wait_for_mails(1)

    async def test_knows_that_nothing_was_sent_when_no_connection_comes_about(self) -> None:
        patience = timedelta(milliseconds=100)

        with _full_port() as port:
            async with aclosing(
                SendGridChannel("SG.key", url=f"http://127.0.0.1:{port}", patience=patience)
            ) as channel:
                receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert "cannot be reached" in receipt.reason

    async def test_knows_that_nothing_was_sent_when_the_name_is_unknown(self) -> None:
        async with aclosing(SendGridChannel("SG.key", url="http://sendgrid.invalid")) as channel:
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert "sendgrid.invalid" in receipt.reason

    async def test_knows_that_nothing_was_sent_when_tls_fails(self, server: FakeSendGrid) -> None:
        url = server.url.replace("http://", "https://")

        async with aclosing(SendGridChannel(server.api_key, url=url)) as channel:
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)

    async def test_keeps_mails_for_a_better_key(self, server: FakeSendGrid) -> None:
        async with aclosing(SendGridChannel("SG.revoked", url=server.url)) as channel:
            receipt = await channel.send(a_mail())

        assert receipt == TryLater(
            "SendGrid does not let us in (401: The provided authorization grant is invalid, "
            "expired, or revoked): check that DORMOUSE_SENDGRID_API_KEY is valid and may send "
            "mail, and that DORMOUSE_SHOP_FROM is a verified sender."
        )

    async def test_repeats_sendgrids_own_words_when_it_refuses_a_mail(
        self, server: FakeSendGrid, channel: SendGridChannel
    ) -> None:
        server.fail_next(400, errors=["Does not contain a valid address.", "Too long."])

        receipt = await channel.send(a_mail())

        assert receipt == Rejected(
            "SendGrid refuses the mail (400: Does not contain a valid address.; Too long.)."
        )

    async def test_waits_as_long_as_the_rate_limit_says(
        self, server: FakeSendGrid, channel: SendGridChannel
    ) -> None:
        server.fail_next(429, reset_in=30, errors=["too many requests"])

        receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert receipt.after is not None
        assert timedelta(seconds=25) < receipt.after <= timedelta(seconds=30)

    async def test_follows_no_redirect_with_a_mail_in_its_hands(
        self, server: FakeSendGrid, channel: SendGridChannel
    ) -> None:
        server.fail_next(307, location=f"{server.url}/v3/mail/send")

        receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert "DORMOUSE_SENDGRID_URL" in receipt.reason
        assert server.requests == 1

    async def test_forgives_the_line_break_behind_a_pasted_key(self, server: FakeSendGrid) -> None:
        async with aclosing(SendGridChannel(f"{server.api_key}\n", url=server.url)) as channel:
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, Accepted)

    @pytest.mark.parametrize("key", ["", "  ", "SG.a\nSG.b", "SG.schlüssel"])
    def test_refuses_what_cannot_be_a_key(self, key: str) -> None:
        with pytest.raises(Invalid, match="DORMOUSE_SENDGRID_API_KEY"):
            SendGridChannel(key)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"metadata": {"run_id": "r" * 10_000}}, "SendGrid echoes fewer than 10,000"),
            ({"metadata": {"journey": "j" * 256}}, "longer than SendGrid's 255 characters"),
            ({"text": "SG.abc123.def456 is our key"}, "holds a SendGrid API key"),
        ],
    )
    async def test_rejects_before_the_call_what_sendgrid_would_lose_later(
        self,
        server: FakeSendGrid,
        channel: SendGridChannel,
        changes: dict[str, Any],
        reason: str,
    ) -> None:
        receipt = await channel.send(a_mail(**changes))

        assert isinstance(receipt, Rejected)
        assert reason in receipt.reason
        assert server.requests == 0

    async def test_needs_no_explanation_to_know_that_a_mail_was_refused(self) -> None:
        answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 900\r\n\r\n{"

        async with (
            _server_that_says(answer) as url,
            aclosing(SendGridChannel("SG.key", url=url)) as channel,
        ):
            receipt = await channel.send(a_mail())

        assert receipt == Rejected("SendGrid refuses the mail (400: no explanation).")

    @given(
        answer=st.binary(max_size=200)
        | st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 400 Bad Request\r\n" + rest)
        | st.binary(max_size=200).map(
            lambda rest: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 900\r\n\r\n" + rest
        )
    )
    async def test_survives_any_answer(self, answer: bytes) -> None:
        async with (
            _server_that_says(answer) as url,
            aclosing(SendGridChannel("SG.key", url=url)) as channel,
        ):
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, Unknown | Rejected)


@asynccontextmanager
async def _server_that_says(answer: bytes) -> AsyncIterator[str]:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@contextmanager
def _full_port() -> Iterator[int]:
    """A port whose queue of connections is full: the next one is never answered."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            waiting = sockets.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
