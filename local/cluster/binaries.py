"""The programs of others that a cluster is made of, found on this machine and looked at."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.errors import DormouseError

#: What the cluster is tested with; the embedded server is the same version.
TEMPORAL_VERSION: Final = (1, 32)
OLDEST_POSTGRESQL: Final = 14
_TEMPORAL_MODULE: Final = "go.temporal.io/server"
_HOW_TO: Final = "docs/how-to/cluster.md says how"
_POSTGRESQL: Final = ("postgres", "initdb", "createdb", "dropdb", "psql", "pg_isready")
#: Where Debian and Ubuntu keep PostgreSQL's server programs, off the PATH.
_DEBIAN: Final = Path("/usr/lib/postgresql")


class WrongBinary(DormouseError):
    """A program is missing, or not one that the cluster is tested with; says what to install."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the programs are; the UI is optional."""

    temporal_server: Path
    temporal_sql_tool: Path
    temporal_ui_server: Path | None
    #: The folder with PostgreSQL's programs.
    postgresql: Path


def find_binaries(path: str | None = None, *, debian: Path = _DEBIAN) -> Binaries:
    """The programs on `path` (this process's PATH unless given); raises WrongBinary."""
    return Binaries(
        temporal_server=_temporal("temporal-server", path),
        temporal_sql_tool=_temporal("temporal-sql-tool", path),
        temporal_ui_server=_found("temporal-ui-server", path),
        postgresql=_postgresql(path, debian),
    )


def version_in(told: str) -> tuple[int, ...]:
    """The first version number in what a program says of itself; empty without one."""
    found = re.search(r"\d+(?:\.\d+)+", told)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _temporal(name: str, path: str | None) -> Path:
    wanted = ".".join(map(str, TEMPORAL_VERSION))
    binary = _found(name, path)
    if binary is None:
        raise WrongBinary(
            f"{name} is not on the PATH: install it with go from {_TEMPORAL_MODULE} {wanted} "
            f"({_HOW_TO})."
        )
    version = version_in(told := _says(binary))
    if version[:2] != TEMPORAL_VERSION:
        raise WrongBinary(
            f"{binary} is not of the version that the cluster is tested with ({wanted}): it says "
            f"{told!r}; put one of {wanted} before it on the PATH ({_HOW_TO})."
        )
    return binary


def _postgresql(path: str | None, debian: Path) -> Path:
    on_path = _found("postgres", path)
    # Links lead to the folder that holds all of them.
    folder = on_path.resolve().parent if on_path else _newest(debian.glob("*/bin"))
    missing = [name for name in _POSTGRESQL if not (folder and (folder / name).exists())]
    if folder is None or missing:
        raise WrongBinary(
            f"PostgreSQL's {', '.join(missing)} cannot be found: install PostgreSQL "
            f"{OLDEST_POSTGRESQL} or newer, server and client, or add its bin folder to the PATH."
        )
    version = version_in(told := _says(folder / "postgres"))
    if not version or version[0] < OLDEST_POSTGRESQL:
        raise WrongBinary(
            f"{folder / 'postgres'} is too old, it says {told!r}: put PostgreSQL "
            f"{OLDEST_POSTGRESQL} or newer before it on the PATH."
        )
    return folder


def _newest(folders: Iterable[Path]) -> Path | None:
    """The one of Debian's `VERSION/bin` folders with the highest version."""
    usable = [folder for folder in folders if (folder / "postgres").exists()]
    return max(usable, key=lambda folder: float(folder.parent.name), default=None)


def _found(name: str, path: str | None) -> Path | None:
    found = shutil.which(name, path=path)
    return Path(found).absolute() if found else None


def _says(binary: Path) -> str:
    """What `--version` prints, in one line."""
    try:
        told = subprocess.run(  # noqa: S603 - a program that was asked for, and a fixed argument
            [binary, "--version"], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WrongBinary(f"{binary} does not run ({error}): install it anew.") from error
    return (told.stdout or told.stderr).strip().partition("\n")[0]
