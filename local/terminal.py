"""What a command that keeps programs running says on its terminal."""

from collections.abc import Coroutine, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from local.instance import Instance
from local.stopping import until_asked_to_stop
from local.supervisor import Supervisor


class Terminal:
    """The programs of one data folder as their owner watches them."""

    def __init__(self, console: Console, instance: Instance) -> None:
        self.console = console
        self._instance = instance
        self.supervisor = Supervisor(announce=self._say, remember=instance.remember)

    def clear_leftovers(self) -> None:
        """Stop what an earlier start left running, and say so."""
        for left in self._instance.stop_leftovers():
            self.console.print(f"Stopped the {left.name} (pid {left.pid}) of an earlier start.")

    async def stay(self, work: Coroutine[Any, Any, None], *, parts: str) -> None:
        """Do `work` until it returns, fails or a signal asks for the end; then stop `parts`."""

        async def close() -> None:
            with suppress(OSError):  # the terminal may be gone
                self.console.print(f"\nStopping {parts} …", style="dim")
            await self.supervisor.stop()

        await until_asked_to_stop(work, close=close)
        with suppress(OSError):
            self.console.print("Stopped.")

    def _say(self, line: str) -> None:
        now = datetime.now().astimezone()
        self.console.print(f"{now:%H:%M:%S}  {line}", style="yellow", markup=False)


def listed(places: Iterable[tuple[str, str]]) -> Table:
    """Where to find things, each behind its label."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=12)
    table.add_column(overflow="fold", no_wrap=True)
    for label, value in places:
        table.add_row(label, value)
    return table
