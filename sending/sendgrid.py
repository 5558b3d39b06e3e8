"""SendGrid: mails posted to its v3 API. What it reports back is in sendgrid_webhook.py.

SendGrid knows no idempotency key, so the channel is careful about one question: may the mail
have been taken? Only a failure to connect, and an answer that refuses, say surely not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    InvalidURL,
    TCPConnector,
)
from sendgrid.helpers import mail as v3
from sendgrid.helpers.mail.exceptions import ApiKeyIncludedException

from domain.errors import Invalid
from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater, Unknown
from sending.soundness import flaw, one_line, wire_address

#: For a connection, and again for the answer: together below the time limit of the activity
#: that sends, so that the outcome is always recorded.
_PATIENCE: Final = timedelta(seconds=10)
#: Below the time after which SendGrid closes an idle connection: closing on a mail in flight
#: would look like an unknown outcome.
_KEEP_ALIVE: Final = timedelta(seconds=15)

_LONGEST_WAIT: Final = timedelta(hours=24)
_LARGEST_CUSTOM_ARGS: Final = 10_000
_LONGEST_CATEGORY: Final = 255

#: The mail was turned away unread, for now.
_BUSY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_REFUSALS: Final = range(400, 500)

_WRONG_KEY: Final = (
    "check that DORMOUSE_SENDGRID_API_KEY is valid and may send mail, "
    "and that DORMOUSE_SHOP_FROM is a verified sender"
)
_WRONG_URL: Final = "set DORMOUSE_SENDGRID_URL to SendGrid's address, like https://api.sendgrid.com"
#: Answers that tell of our configuration, not of this mail: it must not be lost for that.
_MISCONFIGURED: Final = {
    401: _WRONG_KEY,
    403: _WRONG_KEY,
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405), _WRONG_URL),
}


class SendGridChannel:
    """Posts each mail once, over connections that are kept and shared."""

    name = "sendgrid"
    repeats_are_safe = False

    def __init__(
        self,
        api_key: str,
        *,
        url: str = "https://api.sendgrid.com",
        patience: timedelta = _PATIENCE,
    ) -> None:
        """Connect to nobody yet. Raises Invalid when `api_key` cannot be a key."""
        key = api_key.strip()
        if not (key and key.isascii() and key.isprintable()):
            raise Invalid(
                "DORMOUSE_SENDGRID_API_KEY is not a key: copy it again from SendGrid, "
                "where it starts with 'SG.'.",
                field="sendgrid_api_key",
            )
        self._key = key
        self._url = url.rstrip("/")
        self._patience = patience.total_seconds()
        self._open: ClientSession | None = None

    async def send(self, mail: Mail) -> Receipt:
        """Post the mail once, in at most twice the patience, and say what SendGrid answered."""
        if reason := flaw(mail) or _flaw_for_sendgrid(mail):
            return Rejected(reason)
        try:
            return await self._post(payload_of(mail))
        except ApiKeyIncludedException:
            return Rejected("The mail holds a SendGrid API key: take it out of the template.")

    async def aclose(self) -> None:
        """Close the kept connections."""
        session, self._open = self._open, None
        if session:
            await session.close()

    async def _post(self, payload: dict[str, Any]) -> Receipt:
        try:
            async with self._session().post(
                f"{self._url}/v3/mail/send", json=payload, allow_redirects=False
            ) as response:
                return receipt_for(await _read(response), now=datetime.now(UTC))
        # First, for they are also ClientError and TimeoutError: these prove that nothing was sent.
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            return TryLater(f"SendGrid cannot be reached at {self._url} ({_words(error)}).")
        except (ClientError, TimeoutError, OSError) as error:
            return Unknown(f"SendGrid did not answer to the end ({_words(error)}).")

    def _session(self) -> ClientSession:
        if self._open is None:
            self._open = ClientSession(
                headers={"Authorization": f"Bearer {self._key}"},
                connector=TCPConnector(keepalive_timeout=_KEEP_ALIVE.total_seconds()),
                timeout=ClientTimeout(
                    total=2 * self._patience, connect=self._patience, sock_read=self._patience
                ),
                cookie_jar=DummyCookieJar(),
            )
        return self._open


def payload_of(mail: Mail) -> dict[str, Any]:
    """The body of POST /v3/mail/send: one request for one person, who sees nobody else."""
    person = v3.Personalization()
    person.add_to(v3.To(wire_address(mail.to_address), _name(mail.to_name)))
    for key, value in _custom_args(mail).items():
        person.add_custom_arg(v3.CustomArg(key, value))
    payload = v3.Mail(
        from_email=v3.From(wire_address(mail.from_address), _name(mail.from_name)),
        subject=one_line(mail.subject),
        plain_text_content=v3.PlainTextContent(mail.text),
        html_content=v3.HtmlContent(mail.html),
    )
    payload.add_personalization(person)
    if mail.reply_to:
        payload.reply_to = v3.ReplyTo(wire_address(mail.reply_to))
    for key, value in mail.headers.items():
        payload.add_header(v3.Header(key, value))
    for category in _categories(mail):
        payload.add_category(v3.Category(category))
    # Our own List-Unsubscribe would be doubled by SendGrid's.
    payload.tracking_settings = v3.TrackingSettings(
        subscription_tracking=v3.SubscriptionTracking(enable=False)
    )
    body: dict[str, Any] = payload.get()
    return body


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to the end. The names of headers are compared without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """SendGrid's own explanation, or what else the body says."""
        try:
            errors = json.loads(self.body)["errors"]
            explained = "; ".join(str(error["message"]) for error in errors)
        except (ValueError, LookupError, TypeError, RecursionError):
            explained = self.body[:200].decode(errors="replace")
        return one_line(explained) or "no explanation"

    @property
    def is_busy(self) -> bool:
        """True when the mail was turned away unread, for now.

        A bare 503 may come from a proxy that had already passed the mail on.
        """
        return self.status in _BUSY or (
            self.status == HTTPStatus.SERVICE_UNAVAILABLE
            and bool(self.body or "Retry-After" in self.headers)
        )

    def wait(self, now: datetime) -> timedelta | None:
        """How long SendGrid asks us to wait, at most a day; None when it does not say."""
        seconds = _wait(self.headers, now)
        if seconds is None:
            return None
        return timedelta(seconds=min(max(seconds, 0), _LONGEST_WAIT.total_seconds()))


def receipt_for(answer: Answer, *, now: datetime) -> Receipt:
    """What an answer of SendGrid means for the mail."""
    said = f"({answer.status}: {answer.words})"
    if answer.status in {HTTPStatus.ACCEPTED, HTTPStatus.OK}:  # OK is the sandbox's
        return Accepted(answer.headers.get("X-Message-Id"))
    if answer.is_busy:
        return TryLater(f"SendGrid takes no mail now {said}.", after=answer.wait(now))
    if cure := _MISCONFIGURED.get(answer.status):
        return TryLater(f"SendGrid does not let us in {said}: {cure}.")
    if answer.status in _REFUSALS:
        return Rejected(f"SendGrid refuses the mail {said}.")
    return Unknown(f"SendGrid failed while it had the mail {said}.")


async def _read(response: ClientResponse) -> Answer:
    # The status alone decides: losing the explanation does not make the outcome unknown.
    try:
        body = await response.read()
    except (ClientError, TimeoutError, OSError):
        body = b""
    return Answer(response.status, response.headers, body)


def _flaw_for_sendgrid(mail: Mail) -> str | None:
    # What SendGrid would take and then drop, or refuse in words that help nobody.
    size = len(json.dumps(_custom_args(mail)).encode())
    if size >= _LARGEST_CUSTOM_ARGS:
        return f"The metadata takes {size:,} bytes, but SendGrid echoes fewer than 10,000."
    if any(len(category) > _LONGEST_CATEGORY for category in _categories(mail)):
        return "The journey's or the step's name is longer than SendGrid's 255 characters."
    return None


def _custom_args(mail: Mail) -> dict[str, str]:
    return {**mail.metadata, "message_id": mail.message_id}


def _categories(mail: Mail) -> list[str]:
    named = (mail.metadata.get("journey"), mail.metadata.get("step"))
    return list(dict.fromkeys(name for name in named if name))


def _name(name: str | None) -> str | None:
    # SendGrid cuts names at these two as if they separated addresses.
    return " ".join(one_line(name or "").replace(",", " ").replace(";", " ").split()) or None


def _words(error: BaseException) -> str:
    return one_line(str(error)) or type(error).__name__


def _wait(headers: Mapping[str, str], now: datetime) -> float | None:
    asked = headers.get("Retry-After")
    if (seconds := _seconds(asked)) is not None:
        return seconds
    until = _instant(asked) or _seconds(headers.get("X-RateLimit-Reset"))
    return None if until is None else until - now.timestamp()


def _seconds(value: str | None) -> float | None:
    try:
        return float(int(value or ""))
    except (ValueError, OverflowError):
        return None


def _instant(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (ValueError, OverflowError):
        return None
