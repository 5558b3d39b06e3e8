"""docker-compose.yml as data, with what YAML's anchors merge into each service."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docker-compose.yml"

Service = Mapping[str, Any]


@cache
def compose() -> Mapping[str, Any]:
    """The whole file."""
    parsed: Mapping[str, Any] = yaml.safe_load(FILE.read_text())
    return parsed


def services() -> Mapping[str, Service]:
    """Each service by its name."""
    found: Mapping[str, Service] = compose()["services"]
    return found


def is_lasting(service: Service) -> bool:
    """Whether it stays, instead of doing one thing and ending."""
    return bool(service["restart"] == "unless-stopped")


def variables(text: str) -> Iterator[tuple[str, str]]:
    """Each variable that is put in from .env, with what follows its name: `:?…`, `:-…`, or ``."""
    for found in re.finditer(r"\$\{([A-Z_]+)([^}]*)\}", text):
        yield found[1], found[2]


def bind_mounts(service: Service) -> Iterator[str]:
    """The files and folders of this repository that it sees."""
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        if source.startswith("."):
            yield source


def named_volumes(service: Service) -> Iterator[str]:
    """The volumes that it writes to."""
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        if not source.startswith("."):
            yield source
