"""Each channel with the real thing at its other end, told to fail in the same words."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from sending.channel import Channel
from sending.outbox import OutboxChannel
from sending.sendgrid import SendGridChannel
from sending.smtp import SmtpChannel
from tests.fakes.sendgrid_mail import AcceptedMail
from tests.fakes.sendgrid_server import FakeSendGrid
from tests.fakes.smtp_server import HANG_UP, FakeMailServer


@dataclass(frozen=True)
class Arrived:
    """A mail at the other end, in the same words whichever way it came."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


class Harness(Protocol):
    """A channel and its other end."""

    channel: Channel

    def arrived(self) -> list[Arrived]:
        """What the other end has."""

    async def break_down(self) -> None:
        """Make the other end unable to take anything."""

    async def mend(self) -> None:
        """Make it able again."""


class RemoteHarness(Harness, Protocol):
    """A channel whose other end is somebody else's machine."""

    def refuse_the_next(self) -> None:
        """Refuse the next mail for good."""

    def postpone_the_next(self) -> None:
        """Refuse the next mail for now."""

    def lose_the_next_answer(self) -> None:
        """Take the next mail and hang up."""


class SendGridHarness:
    def __init__(self, server: FakeSendGrid) -> None:
        self._server = server
        self.channel: Channel = SendGridChannel(server.api_key, url=server.url)

    def arrived(self) -> list[Arrived]:
        return [_from_sendgrid(mail) for mail in self._server.mails]

    async def break_down(self) -> None:
        await asyncio.to_thread(self._server.refuse)

    async def mend(self) -> None:
        await asyncio.to_thread(self._server.listen)

    def refuse_the_next(self) -> None:
        self._server.fail_next(400, errors=["Does not contain a valid address."])

    def postpone_the_next(self) -> None:
        self._server.fail_next(429)

    def lose_the_next_answer(self) -> None:
        self._server.accept_then_drop()


class SmtpHarness:
    def __init__(self, server: FakeMailServer) -> None:
        self._server = server
        self.channel: Channel = SmtpChannel(f"smtp://127.0.0.1:{server.port}")

    def arrived(self) -> list[Arrived]:
        return [_from_message(mail.message) for mail in self._server.mails]

    async def break_down(self) -> None:
        await self._server.refuse()

    async def mend(self) -> None:
        await self._server.listen()

    def refuse_the_next(self) -> None:
        self._server.answer_next("RCPT", "550 5.1.1 No such user")

    def postpone_the_next(self) -> None:
        self._server.answer_next("RCPT", "450 4.2.0 Greylisted")

    def lose_the_next_answer(self) -> None:
        self._server.answer_next("DATA", HANG_UP)


class OutboxHarness:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.channel: Channel = OutboxChannel(folder)

    def arrived(self) -> list[Arrived]:
        files = sorted(self._folder.glob("*.eml"))
        messages = (message_from_bytes(f.read_bytes(), policy=policy.default) for f in files)
        return [_from_message(m) for m in messages if isinstance(m, EmailMessage)]

    async def break_down(self) -> None:
        self._folder.write_text("in the way")

    async def mend(self) -> None:
        self._folder.unlink()


@asynccontextmanager
async def sendgrid(_folder: Path) -> AsyncIterator[SendGridHarness]:
    with FakeSendGrid() as server:
        harness = SendGridHarness(server)
        async with aclosing(harness.channel):
            yield harness


@asynccontextmanager
async def smtp(_folder: Path) -> AsyncIterator[SmtpHarness]:
    async with FakeMailServer() as server:
        harness = SmtpHarness(server)
        async with aclosing(harness.channel):
            yield harness


@asynccontextmanager
async def outbox(folder: Path) -> AsyncIterator[OutboxHarness]:
    harness = OutboxHarness(folder / "outbox")
    async with aclosing(harness.channel):
        yield harness


def _from_sendgrid(mail: AcceptedMail) -> Arrived:
    return Arrived(
        message_id=mail.message_id,
        to=f"{mail.to_name} <{mail.to_address}>" if mail.to_name else mail.to_address,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        headers=mail.headers,
    )


def _from_message(message: EmailMessage) -> Arrived:
    text, html = (part.get_content().rstrip("\r\n") for part in message.iter_parts())
    return Arrived(
        message_id=message["X-Dormouse-Message-Id"],
        to=str(message["To"]),
        subject=message["Subject"],
        text=text,
        html=html,
        headers={name: str(value) for name, value in message.items()},
    )
