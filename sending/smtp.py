"""SMTP: mails handed to a mail server, over one connection that is kept between them.

The moment that matters is DATA: until then nothing was sent, after it the server may have the
mail even when its answer is lost. And what a server refuses before it has heard the recipient
(greeting, log-in, sender) says nothing about this mail: it is our configuration, and the mail
waits until somebody mends it.
"""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from domain.errors import Invalid, Unavailable
from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater, Unknown
from sending.composing import compose, is_international, message_id_of
from sending.soundness import flaw, one_line, wire_address

#: For the envelope, again for the content, and half of it for the mails before: together below
#: the time limit of the activity that sends.
_PATIENCE: Final = timedelta(seconds=10)
#: An idle connection is used again this long; firewalls forget older ones without a word.
_KEPT: Final = timedelta(seconds=30)

_PERMANENT: Final = range(500, 600)
_REFUSALS: Final = range(400, 600)
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Visit:
    """How a mail server received us."""

    #: Host and port.
    where: str
    is_encrypted: bool


class SmtpChannel:
    """Hands each mail to one mail server; mails wait for each other, never for long."""

    name = "smtp"
    repeats_are_safe = False

    def __init__(
        self, url: str, *, tls: ssl.SSLContext | None = None, patience: timedelta = _PATIENCE
    ) -> None:
        """Take `smtp://user:password@host:587` (STARTTLS when offered) or `smtps://…`.

        `tls` says which certificates to trust instead of the system's. Raises Invalid for another
        kind of URL.
        """
        self._patience = patience.total_seconds()
        self._client = _client(url, tls, self._patience)
        self._where = f"{self._client.hostname}:{self._client.port}"
        self._turn = asyncio.Lock()
        self._used_at = 0.0

    async def send(self, mail: Mail) -> Receipt:
        """Hand the mail over once, in 2.5 times the patience, and say what the server answered."""
        if reason := flaw(mail):
            return Rejected(reason)
        try:
            async with asyncio.timeout(self._patience / 2):
                await self._turn.acquire()
        except TimeoutError:
            return TryLater(f"The mail server {self._where} is too slow for the mails that wait.")
        try:
            return await self._hand_over(mail)
        except asyncio.CancelledError:
            # The answer still on its way would be taken for the next mail's.
            self._client.close()
            raise
        finally:
            self._turn.release()

    async def visit(self) -> "Visit":
        """Connect and log in as before a mail, but send none; raises Unavailable with the cure."""
        try:
            async with asyncio.timeout(self._patience):
                await self._client.connect()
                await self._client.noop()
        except (SMTPException, OSError, TimeoutError) as error:
            self._client.close()
            raise Unavailable(_not_let_in(self._where, error)) from error
        encrypted = self._client.get_transport_info("ssl_object") is not None
        return Visit(self._where, is_encrypted=encrypted)

    async def aclose(self) -> None:
        """Say goodbye to the server."""
        with suppress(SMTPException):
            if self._client.is_connected:
                await self._client.quit()
        self._client.close()

    async def _hand_over(self, mail: Mail) -> Receipt:
        if refusal := await self._try_envelope(mail):
            return refusal
        if refusal := await self._try_content(compose(mail, sent_at=datetime.now(UTC))):
            return refusal
        return Accepted(message_id_of(mail))

    async def _try_envelope(self, mail: Mail) -> Receipt | None:
        """Name sender and recipient; a receipt when the server will not have them."""
        try:
            async with asyncio.timeout(self._patience):
                await self._name_sender(mail)
                await self._client.rcpt(wire_address(mail.to_address), encoding=_encoding(mail))
        except SMTPRecipientRefused as error:
            await self._start_over()
            return self._refused(error)
        except (SMTPException, OSError, TimeoutError) as error:
            receipt = self._not_sent(mail, error)
            self._client.close()
            return receipt
        return None

    async def _try_content(self, content: bytes) -> Receipt | None:
        """Send the mail itself; a receipt when it was not surely accepted."""
        try:
            async with asyncio.timeout(self._patience):
                await self._client.data(content)
        except (SMTPException, OSError, TimeoutError) as error:
            if isinstance(error, SMTPDataError) and error.code in _REFUSALS:
                return self._refused(error)
            self._client.close()
            return Unknown(
                f"The mail server {self._where} did not answer to the end ({_words(error)})."
            )
        return None

    async def _name_sender(self, mail: Mail) -> None:
        if self._is_fresh():
            try:
                return await self._say_mail_from(mail)
            except SMTPException:
                if self._client.is_connected:
                    raise
        # Closed by the server while idle, which it may: nothing of this mail was said yet.
        self._client.close()
        await self._client.connect()
        return await self._say_mail_from(mail)

    async def _say_mail_from(self, mail: Mail) -> None:
        await self._client.mail(
            wire_address(mail.from_address),
            options=["SMTPUTF8"] if is_international(mail) else [],
            encoding=_encoding(mail),
        )
        self._used_at = asyncio.get_running_loop().time()

    def _is_fresh(self) -> bool:
        idle = asyncio.get_running_loop().time() - self._used_at
        return self._client.is_connected and idle < _KEPT.total_seconds()

    async def _start_over(self) -> None:
        try:
            await self._client.rset()
        except SMTPException:
            self._client.close()

    def _refused(self, error: SMTPResponseException) -> Receipt:
        said = f"The mail server {self._where} refuses the mail ({_words(error)})."
        return Rejected(said) if error.code in _PERMANENT else TryLater(said)

    def _not_sent(self, mail: Mail, error: BaseException) -> Receipt:
        said = f"The mail server {self._where} does not take our mail ({_words(error)})"
        if isinstance(error, SMTPAuthenticationError):
            return TryLater(f"{said}: correct the user and password in DORMOUSE_SMTP_URL.")
        if isinstance(error, SMTPSenderRefused):
            if is_international(mail) and not self._client.supports_extension("smtputf8"):
                return Rejected(f"{said}: it knows no addresses with letters outside ASCII.")
            return TryLater(f"{said}: check that it may send for DORMOUSE_SHOP_FROM.")
        return TryLater(f"{said}: check DORMOUSE_SMTP_URL if this lasts.")


def _client(url: str, tls: ssl.SSLContext | None, timeout: float) -> SMTP:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _wrong_url() from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _wrong_url()
    return SMTP(
        hostname=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=parts.scheme == "smtps",
        tls_context=tls,
        timeout=timeout,
    )


def _wrong_url() -> Invalid:
    # Without the URL itself: it may hold the password.
    return Invalid(
        "DORMOUSE_SMTP_URL must look like smtp://user:password@host:587 or smtps://….",
        field="smtp_url",
    )


def _not_let_in(where: str, error: BaseException) -> str:
    said = f"The mail server {where} does not let us in ({_words(error)})"
    if isinstance(error, SMTPAuthenticationError):
        return f"{said}: correct the user and password in DORMOUSE_SMTP_URL."
    return f"{said}: check DORMOUSE_SMTP_URL."


def _encoding(mail: Mail) -> str:
    return "utf-8" if is_international(mail) else "ascii"


def _words(error: BaseException) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code}: {one_line(error.message)}"
    return one_line(str(error)) or "it did not answer in time"
