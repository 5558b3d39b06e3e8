"""What is particular to SendGrid: the payload, the key, and what each answer means."""

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
from sending.channel import Accepted, Receipt, Rejected, TryLater, Unknown
from sending.sendgrid import Answer, SendGridChannel, payload_of, receipt_for
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


class TestReceipt:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (200, Accepted),  # the sandbox
            (202, Accepted),
            (204, Unknown),
            (302, TryLater),
            (400, Rejected),
            (401, TryLater),
            (403, TryLater),
            (404, TryLater),
            (405, TryLater),
            (408, TryLater),
            (413, Rejected),
            (415, Rejected),
            (429, TryLater),
            (500, Unknown),
            (502, Unknown),
            (503, TryLater),
            (504, Unknown),
        ],
    )
    def test_tells_whether_the_mail_may_have_been_taken(
        self, status: int, kind: type[Receipt]
    ) -> None:
        receipt = receipt_for(Answer(status, {}, b'{"errors": [{"message": "no"}]}'), now=NOW)

        assert type(receipt) is kind

    def test_trusts_no_bare_503_which_may_come_from_a_proxy_behind_which_the_mail_went_on(
        self,
    ) -> None:
        receipt = receipt_for(Answer(503, {}, b""), now=NOW)

        assert isinstance(receipt, Unknown)

    @pytest.mark.parametrize(
        ("headers", "after"),
        [
            ({}, None),
            ({"Retry-After": "120"}, timedelta(minutes=2)),
            ({"Retry-After": "Sun, 01 Mar 2026 12:05:00 GMT"}, timedelta(minutes=5)),
            ({"X-RateLimit-Reset": "1772366460"}, timedelta(minutes=1)),
            ({"X-RateLimit-Reset": "1772366460", "Retry-After": "5"}, timedelta(seconds=5)),
            ({"X-RateLimit-Reset": "1"}, timedelta(0)),
            ({"Retry-After": "-5"}, timedelta(0)),
            ({"Retry-After": "999999999999"}, timedelta(days=1)),
            ({"Retry-After": "9" * 400}, None),
            ({"Retry-After": "soon"}, None),
            ({"Retry-After": "1.5e999"}, None),
        ],
    )
    def test_tells_how_long_to_wait_when_sendgrid_says_so(
        self, headers: dict[str, str], after: timedelta | None
    ) -> None:
        receipt = receipt_for(Answer(429, headers, b"{}"), now=NOW)

        assert isinstance(receipt, TryLater)
        assert receipt.after == after

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "no explanation"),
            (b"<html>Bad\ngateway</html>", "<html>Bad gateway</html>"),
            (b'{"errors": "none"}', '{"errors": "none"}'),
            (b'{"errors": [{"message": null}]}', "None"),
            (b"\xff\xfe", "\ufffd\ufffd"),
        ],
    )
    def test_explains_with_what_it_has(self, body: bytes, words: str) -> None:
        receipt = receipt_for(Answer(400, {}, body), now=NOW)

        assert receipt == Rejected(f"SendGrid refuses the mail (400: {words}).")

    @given(
        status=st.integers(100, 999),
        headers=st.dictionaries(
            st.sampled_from(["Retry-After", "X-RateLimit-Reset", "X-Message-Id"]), st.text()
        ),
        body=st.binary(),
    )
    def test_exists_for_every_answer(
        self, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        assert receipt_for(Answer(status, headers, body), now=NOW)


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
