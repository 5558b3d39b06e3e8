"""Addresses of databases: what DORMOUSE_DATABASE_URL may say, and what it means to the driver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import Invalid

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
#: Arguments of libpq that the driver understands by itself.
_TO_DRIVER: Final = frozenset(
    {
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslpassword",
        "sslcrl",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
    }
)
#: Where the server is, when the URL itself does not say.
_PLACES: Final = frozenset({"host", "port"})
_OURS: Final = frozenset(
    {
        "application_name",
        "channel_binding",
        "connect_timeout",
        "options",
        "pgbouncer",
        "pool_size",
    }
)
_CONNECT_WITHIN: Final = 10
_POOL_SIZE: Final = 10


@dataclass(frozen=True, slots=True)
class Access:
    """How to connect to a PostgreSQL server, as its URL says."""

    url: URL
    #: What the driver is told besides the URL.
    arguments: Mapping[str, Any] = field(default_factory=dict)
    #: What the server is told when a connection begins.
    server_settings: Mapping[str, str] = field(default_factory=dict)
    #: Connections that one process keeps at most.
    pool_size: int = _POOL_SIZE
    #: Transactions of one connection may meet different sessions of the server.
    is_pooled_outside: bool = False


def read_url(url: str) -> URL:
    """The address of a database, with its asynchronous driver; raises Invalid with an example."""
    try:
        address = make_url(url)
        driver = _DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError, ValueError) as error:
        raise Invalid(
            "The database's URL must look like sqlite+aiosqlite:///path/to/dormouse.db or"
            " postgresql://user:password@host/database."
        ) from error
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise Invalid("SQLite needs a file here: write sqlite+aiosqlite:///path/to/dormouse.db.")
    address = address.set(drivername=driver)
    if address.get_backend_name() == "postgresql":
        access_to(address)
    return address


def access_to(address: URL) -> Access:
    """What the arguments of a PostgreSQL URL mean; raises Invalid for one that we do not know."""
    given = {"sslmode" if name == "ssl" else name: _one(address, name) for name in address.query}
    _check(given)
    places = {name: value for name, value in address.query.items() if name in _PLACES}
    settings = {"application_name": given.get("application_name", "dormouse")}
    if "options" in given:
        settings["options"] = given["options"]
    return Access(
        url=address.set(query=places),
        arguments=_for_driver(given),
        server_settings=settings,
        pool_size=_number(given, "pool_size", _POOL_SIZE),
        is_pooled_outside=given.get("pgbouncer") == "true",
    )


def _check(given: Mapping[str, str]) -> None:
    known = _TO_DRIVER | _PLACES | _OURS
    for name in given:
        if name not in known:
            raise Invalid(
                f"The database's URL has the argument {name!r}, which nobody here understands:"
                f" take it out, or use one of {', '.join(sorted(known))}."
            )
    if given.get("channel_binding") == "require":
        raise Invalid(
            "The database's URL asks for channel_binding=require, which the driver cannot do:"
            " take it out, and say sslmode=verify-full instead."
        )


def _for_driver(given: Mapping[str, str]) -> dict[str, Any]:
    """The driver reads libpq's arguments from a URL of its own; all else is told apart."""
    told = {name: value for name, value in given.items() if name in _TO_DRIVER}
    arguments: dict[str, Any] = {"timeout": _number(given, "connect_timeout", _CONNECT_WITHIN)}
    if told.get("sslrootcert") == "system":  # as libpq has it: the certificates of this machine
        del told["sslrootcert"]
        told["sslmode"] = "verify-full"
        arguments["trusts_system"] = True
    return {**arguments, "dsn": f"postgresql://?{urlencode(told)}"} if told else arguments


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise Invalid(f"{name} of the database's URL must be a number from 1 on, not {value!r}.")
    return int(value)


def _one(address: URL, name: str) -> str:
    """The value of an argument; of several the last."""
    value = address.query[name]
    return value if isinstance(value, str) else value[-1]
