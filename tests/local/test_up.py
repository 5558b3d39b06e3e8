import asyncio
import json
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.fakes.installation import Ended, Installation, Running
from tests.fakes.waiting import until


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture(scope="class")
def home(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that the tests of a class share."""
    return Installation(tmp_path_factory.mktemp("home"))


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def up(home: Installation) -> AsyncIterator[Running]:
    async with home.running("up") as running:
        yield running


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def demo(home: Installation) -> Ended:
    """A few seconds of the demo, on a machine that is set up for real sending."""
    real_sending = {
        "DORMOUSE_SENDER": "smtp",
        "DORMOUSE_SMTP_URL": "smtp://127.0.0.1:1",
        "DORMOUSE_DATABASE_URL": "postgresql+asyncpg://127.0.0.1:1/production",
    }
    return await home.run("demo", "--exit-after", "12", **real_sending)


def pids_of_children(installation: Installation) -> dict[str, int]:
    record = json.loads((installation.folder / "state" / "processes.json").read_text())
    return {child["name"]: child["pid"] for child in record}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until_sent(up: Running, run_id: str, step: str) -> None:
    """Return when the run has sent this step's mail and waits again."""
    async with asyncio.timeout(20):
        while True:
            run = await up.get(f"/v1/runs/{run_id}")
            sent = [m["step"] for m in run["messages"] if m["status"] == "accepted"]
            if step in sent and run["waiting_for"]:
                return
            await asyncio.sleep(0.1)


async def a_sleeping_journey(up: Running) -> str:
    """The id of a run that waits for a week."""
    traits = {"email": "ada@example.com", "firstName": "Ada", "marketing_consent": True}
    await up.post("/v1/identify", {"userId": "ada", "traits": traits})
    run = await up.post("/v1/journeys/win-back/runs", {"customer_id": "ada"})
    return str(run["id"])


@pytest.mark.asyncio(loop_scope="class")
class TestUp:
    async def test_is_ready_when_it_tells_its_addresses(
        self, home: Installation, up: Running
    ) -> None:
        told = "".join(up.output)

        assert await up.get("/readyz") == {
            "ready": True,
            "stopping": False,
            "database": True,
            "temporal": True,
            "worker": True,
        }
        assert f"{up.url}/docs" in told
        assert f"{up.url}/outbox" in told
        assert f"http://127.0.0.1:{home.port('TEMPORAL_UI_PORT')}" in told

    async def test_keeps_its_secrets_for_its_owner(self, home: Installation, up: Running) -> None:
        for name in ("secret.key", "api.key"):
            mode = (home.folder / "state" / name).stat().st_mode
            assert stat.S_IMODE(mode) == 0o600, name
        assert (home.folder / "state" / "api.key").read_text().strip() == up.key

    async def test_lets_keys_be_made_while_it_runs(self, home: Installation, up: Running) -> None:
        made = await home.run("keys", "create", "shop", "--scope", "read", "--json")
        with_it = replace(up, key=json.loads(made.out)["key"])

        assert await with_it.get("/v1/runs") == {"items": [], "next": None}

    async def test_takes_a_recording(self, home: Installation, up: Running) -> None:
        events = home.folder / "events.jsonl"
        seen = {"type": "page", "userId": "bob", "timestamp": "2020-01-01T00:00:00Z"}
        events.write_text(f"{json.dumps(seen)}\nnonsense\n")

        replay = await home.run("replay", str(events), "--json")

        tally = json.loads(replay.out)
        assert (tally["sent"], tally["rejected"]) == (1, {})
        assert tally["bad_lines"][0]["line"] == 2
        assert (await up.get("/v1/customers/bob"))["id"] == "bob"

    async def test_refuses_to_run_twice_in_one_folder(
        self, home: Installation, up: Running
    ) -> None:
        second = await home.run("up")

        assert second.code == 1
        assert second.err == (
            f"Dormouse already runs with the data folder {home.folder / 'state'} "
            f"(pid {up.process.pid}): stop it first (kill {up.process.pid}), or set "
            "DORMOUSE_DATA_DIR to another folder.\n"
        )

    async def test_starts_a_killed_worker_again(self, home: Installation, up: Running) -> None:
        killed = pids_of_children(home)["worker"]

        os.kill(killed, signal.SIGKILL)
        await until(lambda: any("worker is back" in line for line in up.output))

        assert pids_of_children(home)["worker"] != killed


async def moved_on(up: Running, run_id: str) -> None:
    """Fast-forward a run; again where the gateway says so, as while a worker takes it over."""
    async with asyncio.timeout(20):
        while True:
            try:
                await up.post(f"/v1/runs/{run_id}/fast-forward", {})
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    raise
                await asyncio.sleep(0.2)
            else:
                return


class TestUpAgain:
    async def test_goes_on_with_every_sleeping_journey_after_all_was_killed(
        self, installation: Installation
    ) -> None:
        async with installation.running("up") as killed:
            run_id = await a_sleeping_journey(killed)
            await until_sent(killed, run_id, "we-miss-you")
            children = pids_of_children(installation)
            killed.process.kill()
            await until(lambda: not any(map(is_alive, children.values())), within=5)

        async with installation.running("up") as up:
            assert up.key == killed.key
            await moved_on(up, run_id)
            await until_sent(up, run_id, "incentive")

    async def test_is_possible_after_ctrl_c_which_leaves_no_program_behind(
        self, installation: Installation
    ) -> None:
        async with installation.running("up") as up:
            children = pids_of_children(installation)

            up.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(15):
                code = await up.process.wait()

            assert code == 0
            assert list(children) == ["temporal", "worker", "gateway"]
            assert not any(map(is_alive, children.values()))


class TestUpInTrouble:
    @pytest.mark.parametrize("name", ["PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT"])
    async def test_names_a_taken_port_and_the_setting(
        self, installation: Installation, name: str
    ) -> None:
        with socket.create_server(("127.0.0.1", installation.port(name))):
            up = await installation.run("up")

        assert up.code == 1
        assert up.err.startswith(f"Port {installation.port(name)} is taken by ")
        assert up.err.endswith(f"stop it, or set DORMOUSE_{name} to a free port.\n")
        assert up.err.count("\n") == 1

    async def test_names_a_broken_state_file_and_the_cure(self, installation: Installation) -> None:
        state = installation.folder / "state" / "temporal.db"
        state.parent.mkdir()
        state.write_bytes(b"scrambled" * 1_000)

        up = await installation.run("up")

        assert up.code == 1
        assert up.err == (
            f"Temporal's state file {state} cannot be used (file is not a database): restore it "
            f"from a backup, or start without its sleeping journeys after "
            f"'mv {state} {state}.broken' and 'dormouse forget-namespace'.\n"
        )

    async def test_names_a_broken_database_and_the_cure(self, installation: Installation) -> None:
        database = installation.folder / "state" / "dormouse.db"
        database.parent.mkdir()
        database.write_bytes(b"scrambled" * 1_000)

        up = await installation.run("up")

        assert up.code == 1
        assert f"{database} is not a database; move that file away" in up.err
        assert up.err.count("\n") == 1

    async def test_names_a_wrong_setting(self, installation: Installation) -> None:
        up = await installation.run("up", DORMOUSE_SENDER="pigeon")

        assert up.code == 1
        assert up.err.startswith("DORMOUSE_SENDER is wrong: ")
        assert up.err.count("\n") == 1

    async def test_tells_what_a_program_said_that_did_not_start(
        self, installation: Installation
    ) -> None:
        up = await installation.run(
            "up", DORMOUSE_SENDER="smtp", DORMOUSE_SMTP_URL="carrier-pigeon://roof"
        )

        assert up.code == 1
        assert "The worker did not start: DORMOUSE_SMTP_URL must look like" in up.err


@pytest.mark.asyncio(loop_scope="class")
class TestTheDemo:
    async def test_tells_live_what_happens_and_sums_it_up(self, demo: Ended) -> None:
        assert demo.code == 0, demo.err
        assert "kept-for-you → accepted" in demo.out
        assert "HOW THEY ENDED" in demo.out

    async def test_tells_of_no_error(self, demo: Ended) -> None:
        assert demo.err == ""
        assert "Traceback" not in demo.out
        assert "rejected" not in demo.out

    async def test_sends_to_nobody_whatever_is_configured(self, demo: Ended) -> None:
        assert "→ accepted" in demo.out
        assert "→ failed" not in demo.out
