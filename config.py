"""Settings: the one reader of the environment (`DORMOUSE_*`, and `.env` beside it)."""

from datetime import timedelta
from email.utils import parseaddr
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.durations import Duration
from domain.errors import DormouseError
from domain.pace import Pace
from domain.recommending import Togetherness

# Temporal joins both with a dot, and keeps the colon and double underscores to itself.
_DEPLOYMENT_NAME: Final = r"^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$"
_BUILD_ID: Final = r"^([A-Za-z0-9]+([._-][A-Za-z0-9]+)*)?$"


class WrongSetting(DormouseError):
    """The configuration cannot be used; the message names the variable and the cure."""


class Sender(StrEnum):
    """Who carries the mail."""

    OUTBOX = "outbox"
    SENDGRID = "sendgrid"
    SMTP = "smtp"


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


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone like 'Europe/Berlin'")
    return value


def _public_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http:// on one machine)")
    return value.rstrip("/")


def _review_url(value: str) -> str:
    if "{product_id}" not in value:
        raise ValueError("must hold {product_id}, like https://shop.example/review/{product_id}")
    return value


Url = Annotated[str, AfterValidator(_public_url)]
ReviewUrl = Annotated[Url, AfterValidator(_review_url)]
Address = Annotated[str, AfterValidator(_address)]


class Settings(BaseSettings):
    """Everything that differs between installations. Each field is `DORMOUSE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="DORMOUSE_", env_file=".env", extra="ignore", frozen=True
    )

    #: Where state lives on this machine: database, Temporal's state, outbox.
    data_dir: Path = Path(".dormouse")
    #: SQLite in the data folder unless set: postgresql://user:password@host/database.
    database_url: str = ""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    #: The embedded Temporal server's ports.
    temporal_port: int = Field(default=7233, ge=1, le=65_535)
    temporal_ui_port: int = Field(default=8233, ge=1, le=65_535)
    #: Where links in mails and answers point to; the gateway's own address unless set.
    public_url: Url | None = None
    #: Where the links to running journeys point to; the embedded UI unless set.
    temporal_ui_url: Url | None = None
    #: Proxies whose word on the caller's address is taken: addresses or networks, comma-separated.
    trusted_proxies: str = "127.0.0.1"

    #: Names this code to Temporal, which then gives it work only once it is made current.
    #: Unversioned, as on one machine, unless set.
    build_id: str = Field(default="", pattern=_BUILD_ID)
    #: What the builds are versions of.
    deployment_name: str = Field(default="dormouse", pattern=_DEPLOYMENT_NAME)
    #: Where the worker answers Prometheus with Temporal's metrics; nowhere unless set.
    worker_metrics_port: int | None = Field(default=None, ge=1, le=65_535)

    sender: Sender = Sender.OUTBOX
    sendgrid_api_key: SecretStr | None = None
    sendgrid_url: Url = "https://api.sendgrid.com"
    #: Public keys of the Event Webhook, comma-separated (two while rotating).
    sendgrid_webhook_keys: Annotated[tuple[str, ...], NoDecode] = ()
    smtp_url: SecretStr | None = None
    #: Mails per second that the provider takes; 0 means no limit of ours.
    sends_per_second: float = Field(default=0, ge=0)

    #: Seconds that a gateway goes on answering after it was asked to stop, while /readyz says 503.
    drain_seconds: float = Field(default=0, ge=0, le=300)
    #: Messages a second that each key may send to each gateway; 0 means no limit.
    rate_limit: float = Field(default=0, ge=0, le=1_000_000)

    #: Signs the links in mails. Generated and kept in the data folder by `up` and `demo`.
    secret_key: SecretStr | None = Field(default=None, min_length=32)
    #: Virtual seconds per real second, for demonstrations; 1 in production.
    time_scale: float = Field(default=1, ge=1, le=10_000_000)

    #: Two products count as bought together when they stood in so many of the orders of late
    #: together, and so many times as often as by chance.
    bought_together_within: Duration = timedelta(days=180)
    bought_together_min_orders: int = Field(default=3, ge=1)
    bought_together_min_lift: float = Field(default=1.5, ge=1)

    shop_name: str = "Dormouse Shop"
    shop_url: Url = "https://shop.example"
    shop_postal_address: str = "Dormouse Shop, 1 Hazel Lane, 12345 Woodland"
    shop_from: Address = "Dormouse Shop <hello@shop.example>"
    #: Where a product is reviewed, with {product_id} in it; #reviews of its own page unless set.
    shop_review_url: ReviewUrl | None = None
    #: Where alerts for the support desk go; the address of `shop_from` unless set.
    shop_support: Address | None = None
    #: Whether a consent to marketing mail holds only once it was confirmed by a link in a mail.
    shop_double_opt_in: Literal["off", "on"] = "off"
    shop_locale: Annotated[str, AfterValidator(_locale)] = "en"
    shop_timezone: Annotated[str, AfterValidator(_timezone)] = "Europe/London"
    shop_country: str = Field(default="GB", pattern="^[A-Z]{2}$")
    shop_currency: str = Field(default="GBP", pattern="^[A-Z]{3}$")

    @model_validator(mode="before")
    @classmethod
    def _split_keys(cls, values: dict[str, object]) -> dict[str, object]:
        keys = values.get("sendgrid_webhook_keys")
        if isinstance(keys, str):
            values["sendgrid_webhook_keys"] = tuple(k.strip() for k in keys.split(",") if k.strip())
        return values

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.sender is Sender.SENDGRID and not self.sendgrid_api_key:
            raise ValueError("DORMOUSE_SENDER=sendgrid needs DORMOUSE_SENDGRID_API_KEY")
        if self.sender is Sender.SMTP and not self.smtp_url:
            raise ValueError(
                "DORMOUSE_SENDER=smtp needs DORMOUSE_SMTP_URL, like smtp://user:password@host:587"
            )
        return self

    @cached_property
    def database(self) -> str:
        """The database's address for SQLAlchemy."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'dormouse.db'}"

    @cached_property
    def pace(self) -> Pace:
        """How fast the journeys' time passes."""
        return Pace(self.time_scale)

    @cached_property
    def togetherness(self) -> Togetherness:
        """From when on two products count as bought together."""
        return Togetherness(
            within=self.bought_together_within,
            min_orders=self.bought_together_min_orders,
            min_lift=self.bought_together_min_lift,
        )

    @cached_property
    def base_url(self) -> str:
        """Where the gateway is reached from outside."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @cached_property
    def temporal_address(self) -> str:
        """Where the embedded Temporal server answers; Temporal's own settings come first."""
        return f"127.0.0.1:{self.temporal_port}"

    @cached_property
    def ui_url(self) -> str:
        """Where the Temporal UI is reached."""
        return self.temporal_ui_url or f"http://127.0.0.1:{self.temporal_ui_port}"

    @cached_property
    def support_address(self) -> str:
        """The address of the shop's support desk, without a name."""
        return parseaddr(self.shop_support or self.shop_from)[1]


def read_settings(**given: object) -> Settings:
    """The settings of this process; raises WrongSetting with one sentence per mistake."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise WrongSetting(" ".join(_sentence(e) for e in error.errors())) from error


def _sentence(error: object) -> str:
    assert isinstance(error, dict)  # noqa: S101 - pydantic's own shape
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return f"{message}."
    return f"DORMOUSE_{str(error['loc'][0]).upper()} is wrong: {message} (got {error['input']!r})."
