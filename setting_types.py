"""What the values of settings may be: each check raises ValueError with the end of a sentence."""

import re
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from typing import Annotated, Final
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, SecretStr

_SHORTEST_SECRET: Final = 32
#: Temporal joins name and build with a dot, and keeps the colon and double underscores to itself.
_DEPLOYMENT_NAME: Final = r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*"
_BUILD_ID: Final = r"([A-Za-z0-9]+([._-][A-Za-z0-9]+)*)?"


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http:// on one machine)")
    return value.rstrip("/")


def _review_url(value: str) -> str:
    if "{product_id}" not in value:
        raise ValueError("must hold {product_id}, like https://shop.example/review/{product_id}")
    return value


def _address(value: str) -> str:
    if "@" not in parseaddr(value)[1]:
        raise ValueError("must be an address like 'Dormouse Shop <hello@shop.example>'")
    return value


def _locale(value: str) -> str:
    try:
        Locale.parse(value, sep="-" if "-" in value else "_")
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError("must be a locale like 'en', 'de-AT' or 'tr'") from error
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone like 'Europe/Berlin'")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must say something")
    return value.strip()


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _SHORTEST_SECRET:
        raise ValueError(f"must have {_SHORTEST_SECRET} characters or more")
    return value


def _proxies(value: str) -> str:
    for proxy in value.split(","):
        named = proxy.strip()
        try:
            ip_network(named) if "/" in named else named == "*" or ip_address(named)
        except ValueError as error:
            raise ValueError(
                "must be addresses or networks with commas between, like 10.71.0.0/24"
            ) from error
    return value


def _webhook_keys(values: tuple[str, ...]) -> tuple[str, ...]:
    # What reads keys takes a while to import, and few commands need it.
    from sending.sendgrid_webhook import is_public_key  # noqa: PLC0415

    for number, key in enumerate(values, start=1):
        if not is_public_key(key):
            raise ValueError(
                f"key {number} is no public key: copy it again from SendGrid's Signed Event Webhook"
            )
    return values


def _matching(pattern: str, sentence: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(sentence)
        return value

    return check


Url = Annotated[str, AfterValidator(_url)]
ReviewUrl = Annotated[Url, AfterValidator(_review_url)]
Address = Annotated[str, AfterValidator(_address)]
LocaleName = Annotated[str, AfterValidator(_locale)]
TimeZoneName = Annotated[str, AfterValidator(_time_zone)]
Text = Annotated[str, AfterValidator(_text)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Proxies = Annotated[str, AfterValidator(_proxies)]
WebhookKeys = Annotated[tuple[str, ...], AfterValidator(_webhook_keys)]
Country = Annotated[
    str, AfterValidator(_matching("[A-Z]{2}", "must be two capital letters like GB or DE"))
]
Currency = Annotated[
    str, AfterValidator(_matching("[A-Z]{3}", "must be three capital letters like GBP or EUR"))
]
BuildId = Annotated[
    str,
    AfterValidator(
        _matching(_BUILD_ID, "must be letters and digits with ., - or _ between, like 1.2.0")
    ),
]
DeploymentName = Annotated[
    str,
    AfterValidator(
        _matching(_DEPLOYMENT_NAME, "must be letters and digits with - or _ between, like dormouse")
    ),
]
