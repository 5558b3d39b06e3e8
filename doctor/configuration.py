"""What the settings alone tell."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from config import Sender, Settings, doubts
from doctor.findings import Finding, failed, ok, warning
from domain.errors import DormouseError
from worker import composer_of

#: Left as they are, mails come from a shop that does not exist.
_OWN: Final = ("shop_name", "shop_url", "shop_postal_address", "shop_from")
#: Fewer different characters than this were typed, not drawn.
_FEWEST_CHARACTERS: Final = 10
#: Programs that take mails and hand them to nobody, by the names that hosts have after them;
#: docker-compose.yml has the first.
_CATCHERS: Final = ("mailpit", "mailhog", "mailcatcher", "maildev", "smtp4dev")
_MAKE_ONE: Final = "python -c 'import secrets; print(secrets.token_hex(32))'"


def look_at_settings(settings: Settings) -> Iterator[Finding]:
    """Findings about what is set."""
    yield _made_secret(settings) or _secret(settings)
    yield _shop(settings)
    yield _time(settings)
    yield _sender(settings)
    if settings.sender is Sender.SENDGRID:
        yield _webhook(settings)


def look_at_names() -> Iterator[Finding]:
    """Variables and lines of `.env` that were meant to be settings."""
    for doubt in doubts():
        yield warning("settings", doubt)


def look_at_mails(settings: Settings) -> Iterator[Finding]:
    """Whether gateways and workers could begin with these mails, read one by one."""
    if settings.secret_key is None:
        return
    try:
        composer_of(settings)
    except DormouseError as error:
        yield failed("mails", str(error))
    else:
        yield ok("mails", "Every step of every journey has a sound mail.")


def _made_secret(settings: Settings) -> Finding | None:
    """That `dormouse up` made the key which is not set; only where everything is one folder."""
    file = settings.data_dir / "secret.key"
    if settings.secret_key is not None or settings.database_url or not file.is_file():
        return None
    return ok(
        "secret key",
        f"`dormouse up` made one, {file}: fine while it runs everything; gateways and workers "
        "started by themselves need DORMOUSE_SECRET_KEY.",
    )


def _secret(settings: Settings) -> Finding:
    if settings.secret_key is None:
        return failed(
            "secret key",
            f"DORMOUSE_SECRET_KEY is missing: make one with `{_MAKE_ONE}`, the same for every "
            "gateway and worker.",
        )
    if len(set(settings.secret_key.get_secret_value())) < _FEWEST_CHARACTERS:
        return failed(
            "secret key",
            f"DORMOUSE_SECRET_KEY can be guessed: make a random one with `{_MAKE_ONE}`.",
        )
    return ok("secret key", "DORMOUSE_SECRET_KEY is set and looks random.")


def _shop(settings: Settings) -> Finding:
    left = [name for name in _OWN if getattr(settings, name) == _default(name)]
    if left:
        named = ", ".join(f"DORMOUSE_{name.upper()}" for name in left)
        return failed("shop", f"Mails would show the sample shop: set {named}.")
    return ok("shop", f"Mails come from {settings.shop_from}.")


def _time(settings: Settings) -> Finding:
    if settings.time_scale != 1:
        return failed(
            "time",
            f"Journeys run {settings.time_scale:g} times too fast: set DORMOUSE_TIME_SCALE to 1.",
        )
    return ok("time", "Journeys run at the pace of real life.")


def _sender(settings: Settings) -> Finding:
    if settings.sender is Sender.OUTBOX:
        return warning(
            "sender",
            "Mails stay in the outbox and reach nobody: set DORMOUSE_SENDER to sendgrid or smtp.",
        )
    if catcher := _catcher(settings):
        return warning(
            "sender",
            f"Mails go to the mail catcher {catcher} and reach nobody: set DORMOUSE_SENDER to "
            "sendgrid, or DORMOUSE_SMTP_URL to your mail server.",
        )
    return ok("sender", f"Mails leave by {settings.sender.value}.")


def _catcher(settings: Settings) -> str | None:
    """The host that mails are handed to, where it is one that only shows them."""
    if settings.sender is not Sender.SMTP or settings.smtp_url is None:
        return None
    with suppress(ValueError):  # no address at all is told of by those who use it
        host = urlsplit(settings.smtp_url.get_secret_value()).hostname or ""
        return host if host.partition(".")[0] in _CATCHERS else None
    return None


def _webhook(settings: Settings) -> Finding:
    if not settings.sendgrid_webhook_keys:
        return warning(
            "webhook",
            "Bounces and clicks are not heard of: set DORMOUSE_SENDGRID_WEBHOOK_KEYS to the "
            "public key of SendGrid's Signed Event Webhook.",
        )
    return ok("webhook", "SendGrid's reports can be verified.")


def _default(name: str) -> object:
    return Settings.model_fields[name].default
