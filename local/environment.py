"""Settings handed on to child processes."""

from pathlib import Path

from pydantic import SecretStr

from config import Settings


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
        case Path():
            return str(value.absolute())
        case _:
            return str(value)
