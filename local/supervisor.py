"""Keeps programs running: starts them, restarts what crashed, stops them in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from shutil import disk_usage
from typing import Final

from local import launch
from local.programs import DidNotStart, Program
from local.together import together

_ASK_AGAIN_AFTER = timedelta(milliseconds=100)
_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(seconds=30)
#: A program that ran this long was well: its next crash is met with the shortest pause again.
_WELL_AFTER: Final = timedelta(minutes=1)
#: Bytes of the disk, without which no program begins.
_ROOM_NEEDED: Final = 1_000_000
_LOG_KEPT = 10_000_000  # bytes, then the log moves aside


class Supervisor:
    """Runs programs as child processes, each in a process group of its own.

    A terminal's Ctrl-C therefore reaches only this process, which orders the shutdown.
    `announce` takes one line for people; `remember` the pids of what runs, after each change.
    """

    def __init__(
        self,
        *,
        announce: Callable[[str], None],
        remember: Callable[[Mapping[str, int]], None],
        first_pause: timedelta = _FIRST_PAUSE,
        room_needed: int = _ROOM_NEEDED,
    ) -> None:
        self._announce = announce
        self._remember = remember
        self._first_pause = first_pause
        self._room_needed = room_needed
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._programs: list[Program] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self, *programs: Program) -> None:
        """Start these together and wait until all are ready; raises DidNotStart otherwise."""
        self._programs.extend(programs)
        for program in programs:
            await self._spawn(program)
        await together(*(self._become_ready(program) for program in programs))
        self._keepers.extend(asyncio.create_task(self._keep(program)) for program in programs)

    async def stop(self) -> None:
        """Stop all, the last started first, each within its time."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for program in reversed(self._programs):
            if process := self._running.get(program.name):
                await _end(process, program)
                self._forget(program)

    async def _spawn(self, program: Program) -> None:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        _move_aside_when_long(program.log)
        with program.log.open("ab") as log:
            self._running[program.name] = await asyncio.create_subprocess_exec(
                *_launched(program.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**(program.environment or os.environ)},
                start_new_session=True,
            )
        self._note()

    async def _become_ready(self, program: Program) -> None:
        ended = asyncio.create_task(self._running[program.name].wait())
        try:
            async with asyncio.timeout(program.ready_within.total_seconds()):
                while not await program.is_ready():
                    await asyncio.wait([ended], timeout=_ASK_AGAIN_AFTER.total_seconds())
                    if ended.done():
                        raise DidNotStart(self._explained(program))
        except TimeoutError:
            raise DidNotStart(self._explained(program)) from None
        finally:
            ended.cancel()

    async def _keep(self, program: Program) -> None:
        """Restart `program` whenever it ends, with longer and longer pauses."""
        clock, pause = asyncio.get_running_loop().time, self._first_pause
        while True:
            since = clock()
            code = await self._running[program.name].wait()
            self._forget(program)
            if clock() - since > _WELL_AFTER.total_seconds():
                pause = self._first_pause
            self._say(_crash_line(program, code, pause))
            pause = await self._start_again(program, after=pause)

    async def _start_again(self, program: Program, *, after: timedelta) -> timedelta:
        """Start it as soon as the machine lets us; the pause before the next time."""
        pause = after
        while True:
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._spawn(program)
            except OSError as error:
                again = f"trying again in {pause.total_seconds():g} s"
                self._say(f"{program.name} cannot be started ({error.strerror}); {again}")
                continue
            with suppress(DidNotStart):  # it ended again, or hangs: the next round tells
                await self._become_ready(program)
                self._say(f"{program.name} is back")
            return pause

    def _forget(self, program: Program) -> None:
        del self._running[program.name]
        self._note()

    def _note(self) -> None:
        try:
            self._remember({name: process.pid for name, process in self._running.items()})
        except OSError as error:
            self._say(f"what runs cannot be noted ({error.strerror}); make room on the disk")

    def _say(self, line: str) -> None:
        with suppress(OSError):  # where we tell it may be full or gone; the programs matter more
            self._announce(line)

    def _explained(self, program: Program) -> str:
        folder = program.log.parent
        if disk_usage(folder).free < self._room_needed:
            return f"{program.name} did not start: the disk is full; make room for {folder}."
        return program.explain(program)


def _launched(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", str(Path(launch.__file__)), str(os.getpid()), *command]


def _crash_line(program: Program, code: int, pause: timedelta) -> str:
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    last = f" ({told})" if (told := program.last_word(program.log)) else ""
    seconds = f"{pause.total_seconds():g} s"
    return f"{program.name} ended {how}{last}; starting it again in {seconds}, see {program.log}"


def _move_aside_when_long(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_KEPT:
        log.replace(log.with_suffix(".old.log"))


async def _end(process: asyncio.subprocess.Process, program: Program) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(program.stops_on)
        try:
            async with asyncio.timeout(program.stops_within.total_seconds()):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
