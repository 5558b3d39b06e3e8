"""The commands of docs/deploying.md, run as they stand against a real Temporal server."""

import asyncio
import os
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from config import Settings
from dispatch.connection import connect
from doctor.configuration import look_at_settings
from doctor.findings import ok
from store.sessions import Database
from tests.deployment.builds import FirstNap, SecondNap
from tests.deployment.test_versioned_workers import Releases
from tests.docs.pages import ROOT, blocks
from tests.programs import TEMPORAL

BLOCKS = [block.code for block in blocks(ROOT / "docs" / "deploying.md", "run")]


async def run(code: str, *, folder: Path, temporal: str = "") -> tuple[int, str]:
    """The exit code of a block, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", code),
        cwd=folder,
        env={
            "PATH": f"{Path(TEMPORAL).parent}:{os.environ['PATH']}",
            "TEMPORAL_ADDRESS": temporal,
            "TEMPORAL_NAMESPACE": "dormouse",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


class TestTheCommandsForTemporal:
    async def test_prepare_it_and_roll_a_release_out_and_back(
        self,
        temporal: str,
        database: Database,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "dormouse")
        releases = Releases(await connect(temporal), database, "dormouse")
        commands = [code for code in BLOCKS if code.startswith("temporal ")]
        said: list[str] = []

        async with AsyncExitStack() as stack:
            for code in commands:
                if "worker deployment" in code and not said[2:]:
                    await stack.enter_async_context(releases.at_work("1.0.0", FirstNap))
                    await stack.enter_async_context(releases.at_work("1.1.0", SecondNap))
                said.append(await _until_done(code, folder=tmp_path, temporal=temporal))

        assert len(commands) == 6
        shown = re.sub(r" +", " ", said[-1])
        assert "CurrentVersionBuildID 1.0.0" in shown
        assert "Total: 0" in shown


class TestTheSecrets:
    async def test_are_made_and_good_enough_for_the_doctor(self, tmp_path: Path) -> None:
        [code] = [code for code in BLOCKS if "openssl" in code]

        await run(code, folder=tmp_path)

        lines = (tmp_path / ".env").read_text().splitlines()
        env = dict(line.split("=") for line in lines)
        assert {len(secret) for secret in env.values()} == {64}
        assert len(env) == 4
        settings = Settings(_env_file=None, secret_key=env["DORMOUSE_SECRET_KEY"])
        assert ok("secret key", "DORMOUSE_SECRET_KEY is set and looks random.") in look_at_settings(
            settings
        )


async def _until_done(code: str, *, folder: Path, temporal: str) -> str:
    """What a block says once the server knows what was there a moment ago."""
    async with asyncio.timeout(40):
        while True:
            failed, told = await run(code, folder=folder, temporal=temporal)
            if not failed:
                return told
            await asyncio.sleep(0.3)
