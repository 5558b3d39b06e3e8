"""What the gateway's public address tells, asked as the receivers of mails would."""

import ssl
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from config import Settings
from doctor.findings import Finding, compared, failed, moment_of, ok
from sending.links import fingerprint

_PATIENCE: Final = ClientTimeout(total=10)
_CHECK: Final = "public address"


async def look_at_gateway(
    settings: Settings, now: Callable[[], datetime], *, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Finding, None]:
    """Whether the links in mails lead to a gateway of this installation.

    `tls` says which certificates to trust instead of the system's.
    """
    url = settings.public_url
    if url is None:
        yield failed(
            _CHECK,
            f"Links in mails lead to {settings.base_url}: set DORMOUSE_PUBLIC_URL to where the "
            "gateway is reached from outside, like https://journeys.shop.example.",
        )
        return
    if not url.startswith("https://"):
        yield failed(
            _CHECK, f"Links in mails lead to {url}, unencrypted: let DORMOUSE_PUBLIC_URL be https."
        )
        return
    try:
        health, answered_at = await _health(url, tls)
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        yield failed(
            _CHECK,
            f"No gateway answers at {url} ({str(error) or type(error).__name__}): check "
            "DORMOUSE_PUBLIC_URL, the proxy and its certificate.",
        )
        return
    yield _is_ours(settings, health)
    if answered_at:
        yield compared("gateway's clock", "The gateway's", answered_at, now=now())


def _is_ours(settings: Settings, health: Any) -> Finding:
    url = settings.public_url
    instance = health.get("instance") if isinstance(health, dict) else None
    if instance is None:
        return failed(
            _CHECK,
            f"Something else than Dormouse answers at {url}: let the proxy pass everything on to "
            "the gateways.",
        )
    secret = settings.secret_key
    if secret is None or instance != fingerprint(secret.get_secret_value()):
        return failed(
            _CHECK,
            f"The gateway at {url} has another DORMOUSE_SECRET_KEY than these settings, so that "
            "links in mails do not work: use one key everywhere.",
        )
    return ok(_CHECK, f"Links in mails lead to {url}, where version {health['version']} answers.")


async def _health(url: str, tls: ssl.SSLContext | None) -> tuple[Any, datetime | None]:
    async with (
        ClientSession(timeout=_PATIENCE) as session,
        session.get(f"{url}/healthz", allow_redirects=False, ssl=tls or True) as answer,
    ):
        answer.raise_for_status()
        found = await answer.json() if answer.content_type == "application/json" else None
        return found, moment_of(answer.headers.get("Date"))
