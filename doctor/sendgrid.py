"""What SendGrid tells of our account; a trial mail goes no further than its sandbox."""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from email.utils import parseaddr
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from config import Settings
from doctor.findings import Finding, compared, failed, moment_of, ok, warning
from domain.errors import DormouseError
from sending.channel import Mail
from sending.sendgrid import Answer, payload_of

_PATIENCE: Final = ClientTimeout(total=10)
_CHECK: Final = "sendgrid"
_TAKEN: Final = (HTTPStatus.OK, HTTPStatus.ACCEPTED)
_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class _Refused(DormouseError):
    """The key may not ask this."""


async def look_at_sendgrid(
    settings: Settings, now: Callable[[], datetime]
) -> AsyncGenerator[Finding, None]:
    """Findings about key, sender's domain and clock, by SendGrid's v3 API."""
    assert settings.sendgrid_api_key is not None  # noqa: S101 - the settings see to it
    key = settings.sendgrid_api_key.get_secret_value().strip()
    headers = {"Authorization": f"Bearer {key}"}
    async with ClientSession(headers=headers, timeout=_PATIENCE) as session:
        try:
            scopes, answered_at = await _asked(session, settings.sendgrid_url, "scopes")
        except _Refused:
            yield failed(
                _CHECK,
                "SendGrid does not know DORMOUSE_SENDGRID_API_KEY: copy it again from SendGrid, or "
                "make another with the right to send mail.",
            )
            return
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            yield failed(
                _CHECK,
                f"SendGrid does not answer at {settings.sendgrid_url} ({_words(error)}): check "
                "DORMOUSE_SENDGRID_URL and this machine's way to the internet.",
            )
            return
        yield await _sending(session, settings, scopes)
        if answered_at:
            yield compared("sendgrid's clock", "SendGrid's", answered_at, now=now())
        yield await _domain(session, settings)


async def _sending(session: ClientSession, settings: Settings, scopes: Any) -> Finding:
    if "mail.send" not in scopes.get("scopes", ()):
        return failed(
            _CHECK,
            "The key in DORMOUSE_SENDGRID_API_KEY may not send: give it the right Mail Send in "
            "SendGrid.",
        )
    said = await _trial(session, settings)
    if said.status not in _TAKEN:
        return failed(
            _CHECK,
            f"SendGrid refuses a trial mail ({said.status}: {said.words}): see to the account at "
            "SendGrid, or correct DORMOUSE_SHOP_FROM.",
        )
    return ok(_CHECK, "SendGrid takes mail from this key.")


async def _trial(session: ClientSession, settings: Settings) -> Answer:
    """What SendGrid says to a mail that its sandbox drops."""
    name, address = parseaddr(settings.shop_from)
    mail = Mail(
        message_id="doctor",
        to_address=address,
        to_name=None,
        from_address=address,
        from_name=name,
        subject="A trial",
        html="<p>A trial</p>",
        text="A trial",
    )
    payload = {**payload_of(mail), "mail_settings": {"sandbox_mode": {"enable": True}}}
    async with session.post(f"{settings.sendgrid_url}/v3/mail/send", json=payload) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def _domain(session: ClientSession, settings: Settings) -> Finding:
    address = parseaddr(settings.shop_from)[1].lower()
    domain = address.rpartition("@")[2]
    try:
        verified = await _verified(session, settings.sendgrid_url)
    except (_Refused, ClientError, TimeoutError, OSError, ValueError):
        return warning(
            "sender's domain",
            f"This key may not ask whether {domain} is authenticated: look at Sender "
            "Authentication in SendGrid's settings.",
        )
    if any(domain == name or domain.endswith(f".{name}") for name in verified):
        return ok("sender's domain", f"{domain} is authenticated with SendGrid.")
    return failed(
        "sender's domain",
        f"{domain} of DORMOUSE_SHOP_FROM is not authenticated with SendGrid: add it under Sender "
        "Authentication, or send from a domain that is.",
    )


async def _verified(session: ClientSession, url: str) -> Sequence[str]:
    domains, _ = await _asked(session, url, "whitelabel/domains")
    return [str(each["domain"]).lower() for each in domains if each.get("valid")]


async def _asked(session: ClientSession, url: str, what: str) -> tuple[Any, datetime | None]:
    async with session.get(f"{url}/v3/{what}") as answer:
        if answer.status in _REFUSED:
            raise _Refused(str(answer.status))
        answer.raise_for_status()
        return await answer.json(), moment_of(answer.headers.get("Date"))


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
