"""The machine that the figures come from: without it they mean nothing."""

import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

_PACKAGES: Final = (
    "aiosqlite",
    "asyncpg",
    "fastapi",
    "pydantic",
    "sqlalchemy",
    "temporalio",
    "uvicorn",
    "uvloop",
)
_SYNCS: Final = 50


def describe() -> dict[str, Any]:
    """Processor, memory, disk, versions, and how busy it was already."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(_memory() / 2**30, 1),
        "fdatasync_ms": round(_sync_takes() * 1_000, 2),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def in_words(machine: dict[str, Any]) -> str:
    """The same in one line."""
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB,"
        f" fdatasync {machine['fdatasync_ms']} ms, load {machine['load_before']},"
        f" {machine['system']}, Python {machine['python']}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _sync_takes() -> float:
    """The median time that a small write takes to be on disk, in seconds."""
    sync = getattr(os, "fdatasync", os.fsync)
    taken = []
    with TemporaryDirectory() as folder, (Path(folder) / "synced").open("wb") as file:
        for _ in range(_SYNCS):
            started = time.perf_counter()
            file.write(b"x" * 4_096)
            file.flush()
            sync(file.fileno())
            taken.append(time.perf_counter() - started)
    return median(taken)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
