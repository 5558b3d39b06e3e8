"""The page on backups, followed: back up while it runs, lose everything, restore, go on."""

import asyncio
import shutil
import signal
import sys
from pathlib import Path

from tests.docs.pages import ROOT, blocks
from tests.fakes.installation import Installation, Running
from tests.fakes.waiting import until

BACK_UP, RESTORE = (
    block.code for block in blocks(ROOT / "docs" / "how-to" / "back-up-and-restore.md", "run")
)


async def follow(code: str, folder: Path) -> None:
    """Run a block in the folder that holds the installation."""
    mended = code.replace(".venv/bin/python", sys.executable).replace(".dormouse", "state")
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", mended), cwd=folder
    )
    assert await process.wait() == 0


async def asleep(running: Running, run: str) -> dict[str, str]:
    """The run, once it waits for something."""
    async with asyncio.timeout(30):
        while True:
            shown: dict[str, str] = await running.get(f"/v1/runs/{run}")
            if shown["wakes_at"]:
                return shown
            await asyncio.sleep(0.1)


class TestABackup:
    async def test_brings_sleeping_runs_back_after_everything_was_lost(
        self, tmp_path: Path
    ) -> None:
        installation = Installation(tmp_path)
        async with installation.running("up") as running:
            await running.post(
                "/v1/identify",
                {"userId": "ada", "traits": {"email": "a@example.org", "marketing_consent": True}},
            )
            run = (await running.post("/v1/journeys/win-back/runs", {"customer_id": "ada"}))["id"]
            before = await asleep(running, run)
            await follow(BACK_UP, tmp_path)
            children = [Path(f"/proc/{pid}") for pid in running.children.values()]
            running.process.send_signal(signal.SIGKILL)
            await until(lambda: not any(child.exists() for child in children))
        shutil.rmtree(tmp_path / "state")

        await follow(RESTORE, tmp_path)
        async with installation.running("up") as running:
            after = await asleep(running, run)
            messages = (await running.get(f"/v1/messages?run_id={run}"))["items"]

        assert after["waiting_for"] == before["waiting_for"]
        assert after["wakes_at"] == before["wakes_at"]
        assert [message["step"] for message in messages] == ["we-miss-you"]
