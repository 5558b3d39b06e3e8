"""What is particular to SMTP: one connection, TLS, log-in, and what each refusal means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Invalid
from sending.channel import Accepted, Receipt, Rejected, TryLater, Unknown
from sending.smtp import SmtpChannel
from tests.fakes.certificate import Certificate
from tests.fakes.mail import a_mail
from tests.fakes.smtp_server import HANG_UP, SAY_NOTHING, FakeMailServer

IMPATIENT = timedelta(milliseconds=200)


@pytest.fixture
async def server() -> AsyncIterator[FakeMailServer]:
    async with FakeMailServer() as server:
        yield server


@pytest.fixture
async def channel(server: FakeMailServer) -> AsyncIterator[SmtpChannel]:
    async with aclosing(SmtpChannel(f"smtp://127.0.0.1:{server.port}")) as channel:
        yield channel


class TestSmtpChannel:
    async def test_answers_with_the_message_id_that_server_logs_know(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        receipt = await channel.send(a_mail())

        assert receipt == Accepted("<msg_0b54c9a2@shop.example>")
        assert server.mails[0].message["Message-ID"] == "<msg_0b54c9a2@shop.example>"

    async def test_names_sender_and_recipient_on_the_envelope(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        await channel.send(a_mail(to_address="zoe@straße.example"))

        assert server.mails[0].sender == "hello@shop.example"
        assert server.mails[0].recipient == "zoe@xn--strae-oqa.example"

    async def test_keeps_its_connection_between_mails(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        for number in range(5):
            await channel.send(a_mail(message_id=f"msg_{number}"))

        assert server.connections == 1

    async def test_keeps_its_connection_after_a_refused_recipient(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        server.answer_next("RCPT", "550 5.1.1 No such user")
        await channel.send(a_mail())
        await channel.send(a_mail())

        assert server.connections == 1

    async def test_connects_anew_when_the_server_has_hung_up(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        await channel.send(a_mail())
        server.hang_up()
        receipt = await channel.send(a_mail())

        assert isinstance(receipt, Accepted)
        assert server.connections == 2

    async def test_connects_anew_when_the_server_says_goodbye(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        await channel.send(a_mail())
        server.answer_next("MAIL", "421 4.4.2 Idle for too long")
        receipt = await channel.send(a_mail())

        assert isinstance(receipt, Accepted)
        assert server.connections == 2

    @pytest.mark.parametrize(
        ("command", "answer", "kind"),
        [
            ("MAIL", "421 4.3.2 Shutting down", TryLater),
            ("MAIL", "451 4.3.0 Busy", TryLater),
            ("MAIL", "550 5.7.1 Not your domain", TryLater),
            ("MAIL", HANG_UP, TryLater),
            ("RCPT", "421 4.7.0 Too many mails", TryLater),
            ("RCPT", "450 4.2.0 Greylisted", TryLater),
            ("RCPT", "501 5.1.3 No such syntax", Rejected),
            ("RCPT", "550 5.1.1 No such user", Rejected),
            ("RCPT", HANG_UP, TryLater),
            ("DATA", "421 4.3.2 Shutting down", TryLater),
            ("DATA", "452 4.3.1 Disk full", TryLater),
            ("DATA", "552 5.3.4 Too big", Rejected),
            ("DATA", "554 5.7.1 Looks like spam", Rejected),
            ("DATA", "299 Perhaps", Unknown),
            ("DATA", "gibberish", Unknown),
            ("DATA", HANG_UP, Unknown),
        ],
    )
    async def test_tells_whether_the_mail_may_have_been_taken(
        self,
        server: FakeMailServer,
        channel: SmtpChannel,
        command: str,
        answer: str,
        kind: type[Receipt],
    ) -> None:
        server.answer_next(command, answer)
        receipt = await channel.send(a_mail())
        afterwards = await channel.send(a_mail())

        assert type(receipt) is kind
        assert isinstance(afterwards, Accepted)

    @pytest.mark.parametrize(
        ("command", "kind"), [("MAIL", TryLater), ("RCPT", TryLater), ("DATA", Unknown)]
    )
    async def test_waits_for_no_silent_server(
        self, server: FakeMailServer, command: str, kind: type[Receipt]
    ) -> None:
        server.answer_next(command, SAY_NOTHING)

        async with aclosing(
            SmtpChannel(f"smtp://127.0.0.1:{server.port}", patience=IMPATIENT)
        ) as channel:
            receipt = await channel.send(a_mail())
            afterwards = await channel.send(a_mail())

        assert type(receipt) is kind
        assert isinstance(afterwards, Accepted)

    async def test_lets_no_mail_wait_for_ever_behind_a_slow_one(
        self, server: FakeMailServer
    ) -> None:
        server.answer_next("DATA", SAY_NOTHING)

        async with aclosing(
            SmtpChannel(f"smtp://127.0.0.1:{server.port}", patience=IMPATIENT)
        ) as channel:
            slow, behind = await asyncio.gather(channel.send(a_mail()), channel.send(a_mail()))

        assert isinstance(slow, Unknown)
        assert isinstance(behind, TryLater)
        assert "too slow" in behind.reason

    async def test_mistakes_no_late_answer_for_the_next_mails(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        server.answer_next("DATA", SAY_NOTHING)
        abandoned = asyncio.create_task(channel.send(a_mail()))
        await asyncio.sleep(0.1)
        abandoned.cancel()
        await asyncio.wait([abandoned])

        receipt = await channel.send(a_mail(message_id="msg_2"))

        assert isinstance(receipt, Accepted)
        assert [mail.message["X-Dormouse-Message-Id"] for mail in server.mails] == ["msg_2"]

    async def test_lets_a_lone_dot_end_no_mail(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        await channel.send(a_mail(text="one\n.\nRSET\n..\ntwo"))

        text = server.mails[0].message.get_body(("plain",))
        assert text is not None
        assert text.get_content().split() == ["one", ".", "RSET", "..", "two"]

    @given(
        answer=st.binary(max_size=100) | st.binary(max_size=100).map(lambda b: b"220 hi\r\n" + b)
    )
    @settings(max_examples=50)
    async def test_survives_any_server(self, answer: bytes) -> None:
        async with (
            _server_that_says(answer) as port,
            aclosing(SmtpChannel(f"smtp://127.0.0.1:{port}", patience=IMPATIENT)) as channel,
        ):
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)


class TestInternationalAddress:
    async def test_is_written_to_where_the_server_knows_them(
        self, server: FakeMailServer, channel: SmtpChannel
    ) -> None:
        receipt = await channel.send(a_mail(to_address="zoë@customer.example"))

        assert isinstance(receipt, Accepted)
        assert server.mails[0].recipient == "zoë@customer.example"

    async def test_is_rejected_where_the_server_does_not(self) -> None:
        async with (
            FakeMailServer(international=False) as server,
            aclosing(SmtpChannel(f"smtp://127.0.0.1:{server.port}")) as channel,
        ):
            receipt = await channel.send(a_mail(to_address="zoë@customer.example"))

        assert isinstance(receipt, Rejected)
        assert "knows no addresses with letters outside ASCII" in receipt.reason


class TestEncryptionAndLogin:
    async def test_starts_tls_when_it_is_offered_and_logs_in(self, tmp_path: Path) -> None:
        certificate = Certificate(tmp_path)

        async with FakeMailServer(tls=certificate.server(), login=("shop@x", "p:w/d")) as server:
            url = f"smtp://shop%40x:p%3Aw%2Fd@127.0.0.1:{server.port}"
            async with aclosing(SmtpChannel(url, tls=certificate.client())) as channel:
                receipt = await channel.send(a_mail())

        assert isinstance(receipt, Accepted)
        assert server.encrypted
        assert server.user == "shop@x"

    async def test_speaks_tls_from_the_start_with_smtps(self, tmp_path: Path) -> None:
        certificate = Certificate(tmp_path)

        async with FakeMailServer(tls=certificate.server(), implicit=True) as server:
            url = f"smtps://127.0.0.1:{server.port}"
            async with aclosing(SmtpChannel(url, tls=certificate.client())) as channel:
                receipt = await channel.send(a_mail())

        assert isinstance(receipt, Accepted)

    async def test_keeps_mails_until_the_certificate_can_be_trusted(self, tmp_path: Path) -> None:
        async with (
            FakeMailServer(tls=Certificate(tmp_path).server()) as server,
            aclosing(SmtpChannel(f"smtp://127.0.0.1:{server.port}")) as channel,
        ):
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert server.mails == []

    async def test_keeps_mails_for_a_better_password(self, tmp_path: Path) -> None:
        certificate = Certificate(tmp_path)

        async with FakeMailServer(tls=certificate.server(), login=("shop", "right")) as server:
            url = f"smtp://shop:wrong@127.0.0.1:{server.port}"
            async with aclosing(SmtpChannel(url, tls=certificate.client())) as channel:
                receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert "correct the user and password in DORMOUSE_SMTP_URL" in receipt.reason


class TestUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "mail.example",
            "http://mail.example:25",
            "smtp://",
            "smtp://mail.example:port",
            "smtp://user:s3cret@",
        ],
    )
    def test_is_refused_in_a_sentence_that_keeps_the_password(self, url: str) -> None:
        with pytest.raises(Invalid, match="DORMOUSE_SMTP_URL must look like") as refusal:
            SmtpChannel(url)

        assert "s3cret" not in str(refusal.value)

    @pytest.mark.parametrize(
        ("url", "place"),
        [
            ("smtp://mail.invalid", "mail.invalid:587"),
            ("smtps://mail.invalid", "mail.invalid:465"),
            ("smtp://mail.invalid:25", "mail.invalid:25"),
        ],
    )
    async def test_leads_to_the_usual_port_unless_it_names_one(self, url: str, place: str) -> None:
        async with aclosing(SmtpChannel(url)) as channel:
            receipt = await channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert place in receipt.reason


@asynccontextmanager
async def _server_that_says(answer: bytes) -> AsyncIterator[int]:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
