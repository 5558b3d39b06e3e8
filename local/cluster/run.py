"""`dormouse cluster`: a production-like installation on this machine, every part a process."""

import asyncio
import shlex

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from config import Settings
from local.cluster.binaries import find_binaries
from local.cluster.namespace import prepare_namespace
from local.cluster.plan import DATABASE, NAMESPACE, Plan, plan
from local.cluster.schema import TemporalSchema
from local.credentials import keep
from local.instance import only_instance
from local.keys import own_key
from local.services import Commands
from local.terminal import Terminal, listed
from local.together import together
from store.migrations.run import migrate


def run_cluster(settings: Settings, commands: Commands, *, console: Console) -> None:
    """Start everything, and return when a signal has stopped it all.

    Raises DormouseError with one sentence when something is missing or in the way.
    """
    binaries = find_binaries()
    with only_instance(settings.data_dir / "cluster") as instance:
        terminal = Terminal(console, instance)
        terminal.clear_leftovers()
        planned = plan(settings, binaries, instance.folder)
        asyncio.run(_Cluster(planned, commands, terminal).open())


class _Cluster:
    """The processes of one plan and what happens around them."""

    def __init__(self, planned: Plan, commands: Commands, terminal: Terminal) -> None:
        self._plan, self._commands, self._terminal = planned, commands, terminal
        self._key = ""

    async def open(self) -> None:
        """Run until a signal asks for the end, or something fails."""
        await self._terminal.stay(self._run(), parts="the cluster")

    async def _run(self) -> None:
        console, supervisor = self._terminal.console, self._terminal.supervisor
        with console.status("Starting PostgreSQL …") as status:
            await self._plan.postgres.prepare()
            await supervisor.start(self._plan.postgres.program())
            status.update("Setting up the databases …")
            await together(self._set_up_temporal(), self._set_up_ours())
            status.update("Starting Temporal's roles …")
            first, *others = self._plan.temporal()
            # Alone, it writes down what the cluster is: of two that did so at once, one would fail.
            await supervisor.start(first)
            await supervisor.start(*others)
            await prepare_namespace(self._plan.frontend, NAMESPACE)
            status.update("Starting workers and gateways …")
            await supervisor.start(*self._plan.services(self._commands))
        self._keep_environment()
        console.print(self._welcome())
        await asyncio.Event().wait()

    async def _set_up_temporal(self) -> None:
        tool, log = self._plan.binaries.temporal_sql_tool, self._plan.log("setup")
        schema = TemporalSchema(tool, self._plan.postgres, log)
        await schema.set_up()
        await schema.forget_members()

    async def _set_up_ours(self) -> None:
        if not await self._plan.postgres.has(DATABASE):
            await self._plan.postgres.create(DATABASE)
        await migrate(self._plan.settings.database)
        self._key = await own_key(self._plan.settings)

    def _keep_environment(self) -> None:
        lines = (f"{name}={shlex.quote(value)}" for name, value in self._plan.environment().items())
        keep(self._plan.settings.data_dir / "cluster.env", "\n".join(lines))

    def _welcome(self) -> Group:
        processes = Table("Process", "State", "Address", "Log", box=None, pad_edge=False)
        for name, address in self._plan.addresses():
            log = self._plan.log(name).name
            processes.add_row(name, Text("running", style="green"), address, f"logs/{log}")
        heading = Text.assemble(("\nThe cluster is awake", "bold green"), "  (Ctrl-C stops it)\n")
        return Group(heading, processes, "", listed(self._places()), "")

    def _places(self) -> list[tuple[str, str]]:
        settings, has_ui = self._plan.settings, self._plan.binaries.temporal_ui_server
        return [
            ("Temporal", f"{self._plan.frontend}, namespace {NAMESPACE}"),
            ("Temporal UI", settings.ui_url if has_ui else "temporal-ui-server is not installed"),
            ("Outbox", f"{settings.base_url}/outbox"),
            ("API key", self._key),
            ("Environment", str(settings.data_dir / "cluster.env")),
            ("State, logs", str(settings.data_dir)),
        ]
