"""The readme's calls, made as they stand against a running Dormouse."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.docs.pages import README, blocks
from tests.fakes.installation import Installation, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Curl that fails when the gateway refuses, and begins a new line after each answer.
_CURL = 'curl() { command curl -sS --fail-with-body "$@"; echo; }'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("installation")
    async with Installation(folder).running("up") as running:
        yield running


async def call(running: Running, *, containing: str) -> str:
    """Run the block that contains this, with this installation's address and key."""
    [block] = [block for block in blocks(README, "run") if containing in block.code]
    code = block.code.replace("http://127.0.0.1:8000", running.url)
    code = code.replace("$(cat .dormouse/demo/api.key)", running.key)
    command = (
        [sys.executable, "-c", f"KEY = {running.key!r}\n{code}"]
        if block.language == "python"
        else ["bash", "-euo", "pipefail", "-c", f"KEY={running.key}\n{_CURL}\n{code}"]
    )
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=Path(__file__).parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


async def journeys_of(running: Running, customer: str) -> set[str]:
    runs = (await running.get(f"/v1/runs?customer_id={customer}"))["items"]
    return {run["journey"] for run in runs}


class TestTheCallsInTheReadme:
    async def test_make_somebody_known_and_take_them_through_a_journey(
        self, running: Running
    ) -> None:
        told = await call(running, containing="ada@example.com")

        assert '{"success":true}' in told
        assert await journeys_of(running, "ada") == {"welcome", "win-back"}

    async def test_send_events_with_segments_client(self, running: Running) -> None:
        await call(running, containing="segment.analytics")

        assert (await running.get("/v1/customers/4711"))["email"] == "elif@example.com"
        assert await journeys_of(running, "4711") == {"welcome", "cart-abandonment"}

    async def test_tune_a_journey(self, running: Running) -> None:
        await call(running, containing="first_reminder_after")

        tuned = await running.get("/v1/journeys/cart-abandonment/settings")
        assert tuned["settings"]["first_reminder_after"] == "2 hours"
        assert tuned["settings"]["incentive"]["code"] == "HAZEL10"
