"""Settings: the one reader of the environment (`DORMOUSE_*`, and `.env` beside it)."""

from datetime import timedelta
from difflib import get_close_matches
from email.utils import parseaddr
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from domain.durations import Duration
from domain.errors import DormouseError
from domain.pace import Pace
from domain.recommending import Togetherness
from logs import LogFormat, LogLevel
from setting_types import (
    Address,
    BuildId,
    Country,
    Currency,
    DeploymentName,
    LocaleName,
    Proxies,
    ReviewUrl,
    Secret,
    Text,
    TimeZoneName,
    Url,
    WebhookKeys,
)

_PREFIX: Final = "DORMOUSE_"
#: Not for installations, but for whoever debugs or tests.
_NOT_SETTINGS: Final = ("DORMOUSE_DEBUG", "DORMOUSE_TEST_")
_LISTED: Final = "docs/settings.md lists those that there are."


class WrongSetting(DormouseError):
    """The configuration cannot be used; the message names the variable and the cure."""


class Sender(StrEnum):
    """Who carries the mail."""

    OUTBOX = "outbox"
    SENDGRID = "sendgrid"
    SMTP = "smtp"


class Settings(BaseSettings):
    """Everything that differs between installations. Each field is `DORMOUSE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
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
    trusted_proxies: Proxies = "127.0.0.1"

    #: How a line of the log is written, and from which level on.
    log_format: LogFormat = "logfmt"
    log_level: LogLevel = "info"

    #: Names this code to Temporal, which then gives it work only once it is made current.
    #: Unversioned, as on one machine, unless set.
    build_id: BuildId = ""
    #: What the builds are versions of.
    deployment_name: DeploymentName = "dormouse"
    #: Where the worker answers Prometheus with Temporal's metrics; nowhere unless set.
    worker_metrics_port: int | None = Field(default=None, ge=1, le=65_535)

    sender: Sender = Sender.OUTBOX
    sendgrid_api_key: SecretStr | None = None
    sendgrid_url: Url = "https://api.sendgrid.com"
    #: Public keys of the Event Webhook, comma-separated (two while rotating).
    sendgrid_webhook_keys: Annotated[WebhookKeys, NoDecode] = ()
    smtp_url: SecretStr | None = None
    #: Mails per second that the provider takes; 0 means no limit of ours.
    sends_per_second: float = Field(default=0, ge=0)

    #: Seconds that a gateway goes on answering after it was asked to stop, while /readyz says 503.
    drain_seconds: float = Field(default=0, ge=0, le=300)
    #: Messages a second that each key may send to each gateway; 0 means no limit.
    rate_limit: float = Field(default=0, ge=0, le=1_000_000)

    #: Signs the links in mails. Generated and kept in the data folder by `up` and `demo`.
    secret_key: Secret | None = None
    #: Virtual seconds per real second, for demonstrations; 1 in production.
    time_scale: float = Field(default=1, ge=1, le=10_000_000)

    #: Two products count as bought together when they stood in so many of the orders of late
    #: together, and so many times as often as by chance.
    bought_together_within: Duration = timedelta(days=180)
    bought_together_min_orders: int = Field(default=3, ge=1)
    bought_together_min_lift: float = Field(default=1.5, ge=1)

    shop_name: Text = "Dormouse Shop"
    shop_url: Url = "https://shop.example"
    shop_postal_address: Text = "Dormouse Shop, 1 Hazel Lane, 12345 Woodland"
    shop_from: Address = "Dormouse Shop <hello@shop.example>"
    #: Where a product is reviewed, with {product_id} in it; #reviews of its own page unless set.
    shop_review_url: ReviewUrl | None = None
    #: Where alerts for the support desk go; the address of `shop_from` unless set.
    shop_support: Address | None = None
    #: Whether a consent to marketing mail holds only once it was confirmed by a link in a mail.
    shop_double_opt_in: Literal["off", "on"] = "off"
    shop_locale: LocaleName = "en"
    shop_timezone: TimeZoneName = "Europe/London"
    shop_country: Country = "GB"
    shop_currency: Currency = "GBP"

    @model_validator(mode="before")
    @classmethod
    def _take_empty_for_unset(cls, values: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if value != ""}

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


#: What no message may show.
_SECRETS: Final = {"database_url", "secret_key", "sendgrid_api_key", "smtp_url"}


def read_settings(**given: Any) -> Settings:
    """The settings of this process; raises WrongSetting with one sentence per mistake."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise WrongSetting(" ".join(_sentence(e) for e in error.errors())) from error


def doubts() -> list[str]:
    """One sentence for each variable that looks like a setting of ours and is none."""
    sources = (EnvSettingsSource(Settings), DotEnvSettingsSource(Settings))
    given = {name.upper() for source in sources for name in source.env_vars}
    unknown = sorted(given - {variable(name) for name in Settings.model_fields})
    return [
        _doubt(name)
        for name in unknown
        if name.startswith(_PREFIX) and not name.startswith(_NOT_SETTINGS)
    ]


def _doubt(name: str) -> str:
    meant = name.removeprefix(_PREFIX).lower()
    nearest = get_close_matches(meant, Settings.model_fields, n=1)
    cure = f"did you mean {variable(nearest[0])}?" if nearest else _LISTED
    return f"{name} is no setting and changes nothing: {cure}"


def _sentence(error: ErrorDetails) -> str:
    told = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not error["loc"]:
        return f"{told}."
    name = str(error["loc"][0])
    is_shown = isinstance(error["input"], str) and name not in _SECRETS
    got = f" (got {error['input']!r})" if is_shown else ""
    return f"{variable(name)} is wrong: {told}{got}."


def variable(field: str) -> str:
    """The name of the variable that sets `field`."""
    return f"{_PREFIX}{field.upper()}"
