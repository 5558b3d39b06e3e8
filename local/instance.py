"""One running Dormouse per data folder, and what a killed one left behind."""

import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from domain.errors import DormouseError

_PATIENCE = timedelta(seconds=5)


class AlreadyRunning(DormouseError):
    """Another instance uses this data folder."""


class NotOurs(DormouseError):
    """A folder that was to be emptied holds what Dormouse never put there."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A child process that an earlier instance could not stop."""

    name: str
    pid: int


class Instance:
    """The right to use a data folder, held by this process until it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children = folder / "processes.json"

    def remember(self, children: Mapping[str, int]) -> None:
        """Note the child processes (name → pid), for the instance that comes after a crash."""
        record = [
            {"name": name, "pid": pid, "birth": _birth(pid)} for name, pid in children.items()
        ]
        draft = self._children.with_suffix(".new")
        draft.write_text(json.dumps(record))
        draft.replace(self._children)

    def stop_leftovers(self) -> list[Leftover]:
        """Stop what an earlier instance of this folder left running; says what it was."""
        stopped = [child for child in self._alive() if _stop(child.pid)]
        self._children.unlink(missing_ok=True)
        return stopped

    def empty(self) -> None:
        """Remove everything in the folder but the lock."""
        for entry in self.folder.iterdir():
            if entry.name == "lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _alive(self) -> Iterator[Leftover]:
        try:
            record = json.loads(self._children.read_text())
        except (FileNotFoundError, ValueError):
            return
        for child in record:
            if child["birth"] is not None and _birth(child["pid"]) == child["birth"]:
                yield Leftover(name=child["name"], pid=child["pid"])


@contextmanager
def only_instance(folder: Path, *, to_empty: bool = False) -> Iterator[Instance]:
    """Hold `folder` for this process; raises AlreadyRunning with the other one's pid.

    With `to_empty` the folder is going to be emptied: raises NotOurs when it holds something but
    was never used by Dormouse.
    """
    lock_file = folder / "lock"
    if to_empty and folder.exists() and not lock_file.exists() and any(folder.iterdir()):
        raise NotOurs(
            f"{folder} is not empty and not Dormouse's: move it away, or set DORMOUSE_DATA_DIR."
        )
    _create(folder)
    with lock_file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_already_running(folder, lock_file)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield Instance(folder)


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DormouseError(
            f"Cannot use the data folder {folder} ({error.strerror}): set DORMOUSE_DATA_DIR to a "
            "folder that can be written."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DormouseError(
            f"The data folder {folder} cannot be written: set DORMOUSE_DATA_DIR to one that can."
        )


def _already_running(folder: Path, lock_file: Path) -> str:
    pid = lock_file.read_text().strip()
    return (
        f"Dormouse already runs with the data folder {folder} (pid {pid or 'unknown'}): stop it "
        f"first (kill {pid or 'PID'}), or set DORMOUSE_DATA_DIR to another folder."
    )


def _birth(pid: int) -> str | None:
    """When process `pid` began, as a text to compare; None when there is no such process.

    A pid alone proves nothing: the number may have been given to a stranger since.
    """
    if platform.system() == "Linux":
        return _birth_on_linux(pid)
    told = subprocess.run(  # noqa: S603 - fixed program, a number as argument
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or None


def _birth_on_linux(pid: int) -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    is_gone = fields[0] in {"Z", "X"}
    return None if is_gone else f"{boot}/{fields[19]}"


def _stop(pid: int) -> bool:
    """Ask `pid` to end, then make it; False when it was gone already."""
    try:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while _birth(pid) is not None:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline += _PATIENCE.total_seconds()
            time.sleep(0.05)
    except ProcessLookupError:
        return False
    return True
