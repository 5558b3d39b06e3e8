"""`dormouse up`: everything on this machine, one command, one instance per data folder."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from config import Settings
from local import services
from local.environment import complete, environment_of, using_temporal
from local.instance import only_instance
from local.keys import own_key
from local.ports import require_free
from local.programs import Program
from local.services import Commands, reachable
from local.temporal_server import TemporalServer
from local.terminal import Terminal, listed
from local.together import together
from store.migrations.run import migrate


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
        terminal = Terminal(console, instance)
        terminal.clear_leftovers()
        if afresh:
            instance.empty()
        settings = complete(settings)
        require_free(settings.port, host=settings.host, setting="DORMOUSE_PORT")
        house = _House(settings, commands, terminal, companion)
        house.temporal.prepare()
        asyncio.run(house.open())


class _House:
    """The programs of one data folder and what happens around them."""

    def __init__(
        self,
        settings: Settings,
        commands: Commands,
        terminal: Terminal,
        companion: Companion | None,
    ) -> None:
        self._settings = settings
        self._commands = commands
        self._terminal = terminal
        self._companion = companion
        self._key = ""
        self._logs = settings.data_dir / "logs"
        self._url = f"http://{reachable(settings.host)}:{settings.port}"
        self.temporal = TemporalServer(
            state_file=settings.data_dir / "temporal.db",
            port=settings.temporal_port,
            ui_port=settings.temporal_ui_port,
            log=self._logs / "temporal.log",
        )

    async def open(self) -> None:
        """Run until a signal asks for the end, the companion returns, or something fails."""
        await self._terminal.stay(self._run(), parts="gateway, worker and Temporal")

    async def _run(self) -> None:
        console, supervisor = self._terminal.console, self._terminal.supervisor
        with console.status("Waking up …"):
            await together(supervisor.start(self.temporal.program()), self._prepare())
            await supervisor.start(*self._services())
        running = Running(self._settings, self._url, self._key, console)
        console.print(self._welcome())
        if self._companion:
            await self._companion(running)
        else:
            await asyncio.Event().wait()

    async def _prepare(self) -> None:
        await migrate(self._settings.database)
        self._key = await own_key(self._settings)

    def _welcome(self) -> Group:
        places = [
            ("API", f"{self._url}/docs"),
            ("Outbox", f"{self._url}/outbox"),
            ("Temporal UI", self._settings.ui_url),
            ("API key", self._key),
            ("State, logs", str(self._settings.data_dir)),
        ]
        heading = Text.assemble(("\nDormouse is awake", "bold green"), "  (Ctrl-C stops it)\n")
        return Group(heading, Padding.indent(listed(places), 2), "")

    def _services(self) -> tuple[Program, Program]:
        """The worker and the gateway; stopped in the opposite order."""
        environment = {
            **using_temporal(self.temporal.address, namespace="default"),
            **environment_of(self._settings),
        }
        worker = services.worker(
            "worker",
            self._commands,
            seen_by=self._url,
            logs=self._logs,
            environment=environment,
        )
        gateway = services.gateway(
            "gateway", self._commands, url=self._url, logs=self._logs, environment=environment
        )
        return worker, gateway
