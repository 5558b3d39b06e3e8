"""A mail server on a local port: keeps what it takes, and refuses or hangs up when told to."""

import asyncio
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP = "hang up"
SAY_NOTHING = "say nothing"
TAKE_YOUR_TIME = "take your time"


@dataclass(frozen=True)
class TakenMail:
    """A mail as it came over the wire."""

    sender: str
    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class FakeMailServer:
    """A real SMTP server; `tls` offers STARTTLS, or is spoken from the start when `implicit`."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        international: bool = True,
    ) -> None:
        self.mails: list[TakenMail] = []
        self.connections = 0
        #: Somebody waits for a server that takes its time; and it may go on.
        self.is_waited_for = asyncio.Event()
        self.may_go_on = asyncio.Event()
        #: The user who logged in last, and whether the line was encrypted.
        self.user: str | None = None
        self.encrypted = False
        self._tls = tls
        self._implicit = implicit
        self._login = login
        self._international = international
        self._answers: defaultdict[str, deque[str]] = defaultdict(deque)
        self._open: list[SMTP] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Listen, on the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls if self._implicit else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening: connections are closed, and refused until `listen`."""
        self.hang_up()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def answer_next(self, command: str, answer: str) -> None:
        """Answer the next MAIL, RCPT or DATA with this line, or HANG_UP, SAY_NOTHING, or
        TAKE_YOUR_TIME: as usual, once it may go on.
        """
        self._answers[command].append(answer)

    def hang_up(self) -> None:
        """Close every connection, as servers do with idle ones."""
        for session in self._open:
            if session.transport:
                session.transport.close()
        self._open.clear()

    def _serve(self) -> SMTP:
        self.connections += 1
        session = SMTP(
            self,
            enable_SMTPUTF8=self._international,
            hostname="mail.example",
            loop=asyncio.get_running_loop(),
            tls_context=None if self._implicit else self._tls,
            authenticator=self._authenticate,
            auth_require_tls=not self._implicit,
        )
        self._open.append(session)
        return session

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.user = given.login.decode()
        is_right = (self.user, given.password.decode()) == self._login
        return AuthResult(success=is_right, handled=False)

    async def _reply(self, command: str, server: SMTP, otherwise: str) -> str:
        answer = self._answers[command].popleft() if self._answers[command] else otherwise
        if answer == TAKE_YOUR_TIME:
            self.is_waited_for.set()
            await self.may_go_on.wait()
            return otherwise
        if answer == SAY_NOTHING:
            await asyncio.Event().wait()
        if answer == HANG_UP and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return answer

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.encrypted = session.ssl is not None
        answer = await self._reply("MAIL", server, "250 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self._reply("RCPT", server, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        answer = await self._reply("DATA", server, "250 OK: queued as 4F2")
        if answer[:1] not in "45":
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(TakenMail(envelope.mail_from or "", envelope.rcpt_tos[0], content))
        return answer
