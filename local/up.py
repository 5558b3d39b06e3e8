"""`dormouse up`: everything on this machine, one command, one instance per data folder."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
from pydantic import SecretStr
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from config import Settings
from local.credentials import keep, recall, secret_of
from local.environment import environment_of
from local.instance import Instance, only_instance
from local.ports import free_port, require_free
from local.programs import Program
from local.supervisor import Supervisor
from local.temporal_server import TemporalServer
from local.together import together
from store.keys import create_key, find_key
from store.migrations.run import migrate
from store.sessions import Database

_SCOPES = ("ingest", "read", "manage")
_ONE_ANSWER = aiohttp.ClientTimeout(total=5)


@dataclass(frozen=True, slots=True)
class Commands:
    """How the gateway and the worker are started as programs of their own."""

    gateway: Sequence[str]
    worker: Sequence[str]


@dataclass(frozen=True, slots=True)
class Running:
    """A running Dormouse, as what accompanies it needs to know it."""

    settings: Settings
    url: str
    key: str
    console: Console


#: What `demo` adds: runs beside the product; the product stops when it returns.
Companion = Callable[[Running], Awaitable[None]]


def run_everything(
    settings: Settings,
    commands: Commands,
    *,
    console: Console,
    companion: Companion | None = None,
    afresh: bool = False,
) -> None:
    """Start Temporal, gateway and worker, and return when a signal has stopped them all.

    With `afresh` the data folder is emptied first. Raises DormouseError with one sentence when
    something is in the way.
    """
    with only_instance(settings.data_dir, to_empty=afresh) as instance:
        for left in instance.stop_leftovers():
            console.print(f"Stopped the {left.name} (pid {left.pid}) of an earlier start.")
        if afresh:
            instance.empty()
        settings = _complete(settings)
        require_free(settings.port, host=settings.host, setting="DORMOUSE_PORT")
        house = _House(settings, commands, instance, console, companion)
        house.temporal.prepare()
        asyncio.run(house.open())


class _House:
    """The programs of one data folder and what happens around them."""

    def __init__(
        self,
        settings: Settings,
        commands: Commands,
        instance: Instance,
        console: Console,
        companion: Companion | None,
    ) -> None:
        self._settings = settings
        self._commands = commands
        self._console = console
        self._companion = companion
        self._key = ""
        self._logs = settings.data_dir / "logs"
        self._supervisor = Supervisor(announce=self._say, remember=instance.remember)
        self._url = f"http://{_reachable(settings.host)}:{settings.port}"
        self.temporal = TemporalServer(
            state_file=settings.data_dir / "temporal.db",
            port=settings.temporal_port,
            ui_port=settings.temporal_ui_port,
            log=self._logs / "temporal.log",
        )

    async def open(self) -> None:
        """Run until a signal asks for the end, the companion returns, or something fails."""
        work = asyncio.create_task(self._run())
        try:
            async with _stop_asked() as asked:
                await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            # From here on a second Ctrl-C ends this process at once, and the kernel the children.
        finally:
            work.cancel()
            await asyncio.wait({work})
            await self._close()
        if not work.cancelled():
            work.result()
        with suppress(OSError):
            self._console.print("Stopped.")

    async def _close(self) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._console.print("\nStopping gateway, worker and Temporal …", style="dim")
        await self._supervisor.stop()

    async def _run(self) -> None:
        with self._console.status("Waking up …"):
            await together(self._supervisor.start(self.temporal.program()), self._prepare())
            await self._supervisor.start(*self._services())
        running = Running(self._settings, self._url, self._key, self._console)
        self._console.print(self._welcome())
        if self._companion:
            await self._companion(running)
        else:
            await asyncio.Event().wait()

    async def _prepare(self) -> None:
        await migrate(self._settings.database)
        self._key = await _key_of(self._settings)

    def _welcome(self) -> Group:
        block = Table.grid(padding=(0, 2))
        block.add_column(style="dim", min_width=12)
        block.add_column(overflow="fold", no_wrap=True)
        for label, value in (
            ("API", f"{self._url}/docs"),
            ("Outbox", f"{self._url}/outbox"),
            ("Temporal UI", self._settings.ui_url),
            ("API key", self._key),
            ("State, logs", str(self._settings.data_dir)),
        ):
            block.add_row(f"  {label}", value)
        heading = Text.assemble(("\nDormouse is awake", "bold green"), "  (Ctrl-C stops it)\n")
        return Group(heading, block, "")

    def _services(self) -> tuple[Program, Program]:
        """The worker and the gateway; stopped in the opposite order."""
        environment = {**self._own_temporal(), **environment_of(self._settings)}
        worker = Program(
            name="worker",
            command=self._commands.worker,
            log=self._logs / "worker.log",
            environment=environment,
            stops_within=timedelta(seconds=8),
            # Ready when the gateway sees it at work.
            is_ready=lambda: _answers(f"{self._url}/readyz"),
        )
        gateway = Program(
            name="gateway",
            command=self._commands.gateway,
            log=self._logs / "gateway.log",
            environment=environment,
            stops_within=timedelta(seconds=3),
            is_ready=lambda: _answers(f"{self._url}/healthz"),
        )
        return worker, gateway

    def _own_temporal(self) -> dict[str, str]:
        """The environment, with Temporal's client set to the embedded server and nothing else."""
        others = {k: v for k, v in os.environ.items() if not k.startswith("TEMPORAL_")}
        return {
            **others,
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": "default",
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }

    def _say(self, line: str) -> None:
        now = datetime.now().astimezone()
        self._console.print(f"{now:%H:%M:%S}  {line}", style="yellow", markup=False)


def _complete(settings: Settings) -> Settings:
    """`settings` with what is made up on this machine: the secret key, a port for port 0."""
    secret = settings.secret_key or SecretStr(secret_of(settings.data_dir))
    port = settings.port or free_port(settings.host)
    return settings.model_copy(update={"secret_key": secret, "port": port})


async def _key_of(settings: Settings) -> str:
    """The API key that this installation shows to its user: made at the first start."""
    kept_in = settings.data_dir / "api.key"
    kept = recall(kept_in)
    database = Database.open(settings.database)
    try:
        async with database.writing() as session:
            if kept and await find_key(session, kept):
                return kept
            key = await create_key(session, name="local", scopes=_SCOPES, now=datetime.now(UTC))
    finally:
        await database.close()
    keep(kept_in, key)
    return key


@asynccontextmanager
async def _stop_asked() -> AsyncIterator[asyncio.Task[bool]]:
    """A task that ends when this process is asked to (Ctrl-C, SIGTERM, closed terminal)."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for each in signals:
        loop.add_signal_handler(each, asked.set)
    waiting = asyncio.create_task(asked.wait())
    try:
        yield waiting
    finally:
        waiting.cancel()
        for each in signals:
            loop.remove_signal_handler(each)


async def _answers(url: str) -> bool:
    """True when `url` answers with success, soon."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_ONE_ANSWER) as session,
            session.get(url) as response,
        ):
            return response.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _reachable(host: str) -> str:
    """The address at which this machine reaches a server bound to `host`."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared only
