import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from local.programs import DidNotStart, Program
from local.supervisor import Supervisor
from tests.fakes.waiting import until

#: Writes its own end into a file when it is asked to end.
POLITE = """
import signal, sys, time
def end(*_):
    open(sys.argv[2], "a").write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
#: A supervisor that is itself a process to be killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from local.programs import Program
from local.supervisor import Supervisor
async def main():
    supervisor = Supervisor(announce=print, remember=lambda pids: print(*pids.values(), flush=True))
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    await supervisor.start(Program(name="child", command=sleeping, log=Path(sys.argv[1])))
    await asyncio.sleep(60)
asyncio.run(main())
"""


class Told:
    """What a supervisor says: lines for people, and the pids that it remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pids: Mapping[str, int] = {}
        self.disk_is_full = False

    def remember(self, pids: Mapping[str, int]) -> None:
        if self.disk_is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.pids = pids


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def supervisor(told: Told) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(
        announce=told.lines.append,
        remember=told.remember,
        first_pause=timedelta(milliseconds=50),
    )
    yield supervisor
    await supervisor.stop()


def polite(name: str, folder: Path) -> Program:
    log = folder / f"{name}.log"

    async def is_ready() -> bool:
        return log.exists() and "ready" in log.read_text()

    return Program(
        name=name,
        command=[sys.executable, "-c", POLITE, name, str(folder / "ends")],
        log=log,
        is_ready=is_ready,
    )


def exists(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class TestSupervisor:
    async def test_starts_programs_and_remembers_their_pids(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        await supervisor.start(polite("one", tmp_path), polite("two", tmp_path))

        assert list(told.pids) == ["one", "two"]
        assert all(exists(pid) for pid in told.pids.values())

    async def test_stops_the_last_started_first(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        await supervisor.start(polite("temporal", tmp_path))
        await supervisor.start(polite("worker", tmp_path), polite("gateway", tmp_path))

        await supervisor.stop()

        assert (tmp_path / "ends").read_text().split() == ["gateway", "worker", "temporal"]
        assert told.pids == {}

    async def test_kills_what_will_not_end_in_its_time(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        await supervisor.start(
            Program(
                name="stubborn",
                command=[sys.executable, "-c", STUBBORN],
                log=tmp_path / "log",
                stops_within=timedelta(seconds=0.3),
            )
        )
        pid = told.pids["stubborn"]

        await supervisor.stop()

        assert not exists(pid)

    async def test_starts_a_crashed_program_again_and_says_so(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        await supervisor.start(polite("worker", tmp_path))
        first = told.pids["worker"]

        os.kill(first, signal.SIGKILL)
        await until(lambda: "worker is back" in told.lines)

        assert told.lines[0] == (
            "worker ended by SIGKILL (ready); starting it again in 0.05 s, "
            f"see {tmp_path / 'worker.log'}"
        )
        assert exists(told.pids["worker"])
        assert told.pids["worker"] != first

    async def test_waits_longer_after_each_crash(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        command = [sys.executable, "-c", "import time; time.sleep(0.1); raise SystemExit(3)"]

        await supervisor.start(Program(name="frail", command=command, log=tmp_path / "log"))
        await until(lambda: sum("again" in line for line in told.lines) == 3)

        pauses = [line.partition("again in ")[2].partition(",")[0] for line in told.lines]
        assert [pause for pause in pauses if pause][:3] == ["0.05 s", "0.1 s", "0.2 s"]
        assert told.lines[0].startswith("frail ended with code 3; starting it again")

    async def test_reports_a_program_that_ends_before_it_is_ready(
        self, supervisor: Supervisor, tmp_path: Path
    ) -> None:
        async def never() -> bool:
            return False

        command = [sys.executable, "-c", "raise SystemExit('DORMOUSE_SENDER is wrong.')"]
        program = Program(name="gateway", command=command, log=tmp_path / "log", is_ready=never)

        with pytest.raises(DidNotStart) as failure:
            await supervisor.start(program)

        assert str(failure.value) == "The gateway did not start: DORMOUSE_SENDER is wrong."

    async def test_reports_a_program_that_does_not_become_ready_in_time(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        async def never() -> bool:
            return False

        program = Program(
            name="gateway",
            command=[sys.executable, "-c", "import time; time.sleep(60)"],
            log=tmp_path / "log",
            is_ready=never,
            ready_within=timedelta(seconds=0.3),
        )

        with pytest.raises(DidNotStart, match="The gateway did not start: it said nothing"):
            await supervisor.start(program)

        await supervisor.stop()
        assert told.pids == {}

    async def test_goes_on_and_stops_in_order_when_the_disk_is_full(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        await supervisor.start(polite("temporal", tmp_path))
        await supervisor.start(polite("worker", tmp_path))
        worker = told.pids["worker"]
        told.disk_is_full = True

        os.kill(worker, signal.SIGKILL)
        await until(lambda: (tmp_path / "worker.log").read_text().count("ready") == 2)
        await supervisor.stop()

        assert told.lines[0] == (
            "what runs cannot be noted (No space left on device); make room on the disk"
        )
        assert (tmp_path / "ends").read_text().split() == ["worker", "temporal"]

    async def test_tries_again_until_a_program_can_be_started(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        logs, kept = tmp_path / "logs", tmp_path / "kept"
        await supervisor.start(polite("worker", logs))
        logs.rename(kept)
        logs.touch()

        os.kill(told.pids["worker"], signal.SIGKILL)
        await until(lambda: len(told.lines) == 3)
        logs.unlink()
        kept.rename(logs)
        await until(lambda: "worker is back" in told.lines)

        assert told.lines[1] == ("worker cannot be started (File exists); trying again in 0.1 s")

    async def test_says_that_the_disk_is_full_when_nothing_could_be_written(
        self, told: Told, tmp_path: Path
    ) -> None:
        async def never() -> bool:
            return False

        supervisor = Supervisor(
            announce=told.lines.append, remember=told.remember, room_needed=2**62
        )
        program = Program(
            name="temporal",
            command=[sys.executable, "-c", "raise SystemExit(1)"],
            log=tmp_path / "log",
            is_ready=never,
        )

        with pytest.raises(DidNotStart) as failure:
            await supervisor.start(program)

        assert str(failure.value) == (
            f"temporal did not start: the disk is full; make room for {tmp_path}."
        )

    async def test_keeps_the_terminals_ctrl_c_from_its_programs(
        self, supervisor: Supervisor, told: Told, tmp_path: Path
    ) -> None:
        await supervisor.start(polite("worker", tmp_path))

        assert os.getpgid(told.pids["worker"]) != os.getpgid(0)

    async def test_moves_a_long_log_aside(self, supervisor: Supervisor, tmp_path: Path) -> None:
        (tmp_path / "worker.log").write_bytes(b"x" * 10_000_001)

        await supervisor.start(polite("worker", tmp_path))

        assert (tmp_path / "worker.log").read_text() == "ready\n"
        assert (tmp_path / "worker.old.log").stat().st_size == 10_000_001

    @pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does this")
    async def test_takes_its_programs_along_when_it_is_killed(self, tmp_path: Path) -> None:
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PARENT, str(tmp_path / "log")),
            stdout=asyncio.subprocess.PIPE,
        )
        assert parent.stdout
        child = int(await parent.stdout.readline())
        await asyncio.sleep(0.5)  # past its launcher
        assert exists(child)

        parent.kill()
        await parent.wait()

        await until(lambda: not exists(child), within=5)
