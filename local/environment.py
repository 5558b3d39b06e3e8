"""The settings of an installation on this machine, and how they reach child processes."""

import os
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from config import Settings
from domain.durations import say_duration
from local.credentials import secret_of
from local.ports import free_port


def complete(settings: Settings) -> Settings:
    """`settings` for one machine: the secret key made up, a port for port 0, no versions."""
    secret = settings.secret_key or SecretStr(secret_of(settings.data_dir))
    port = settings.port or free_port(settings.host)
    return settings.model_copy(update={"secret_key": secret, "port": port, "build_id": ""})


def inherited() -> dict[str, str]:
    """The environment of this process without the user's own settings of Temporal's client."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}


def using_temporal(address: str, *, namespace: str) -> dict[str, str]:
    """The environment, with Temporal's client set to this server and to nothing else."""
    return {
        **inherited(),
        "TEMPORAL_ADDRESS": address,
        "TEMPORAL_NAMESPACE": namespace,
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }


def environment_of(settings: Settings) -> dict[str, str]:
    """`settings` as the environment of a child process, which then needs no other source."""
    return {
        f"DORMOUSE_{name.upper()}": _written(value)
        for name in type(settings).model_fields
        if (value := getattr(settings, name)) is not None
    }


def _written(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(value)
        case timedelta():
            return say_duration(value)
        case Path():
            return str(value.absolute())
        case _:
            return str(value)
