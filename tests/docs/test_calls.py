"""The calls of the pages, made as they stand against a running Dormouse."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.docs.pages import README, ROOT, blocks
from tests.fakes.installation import Installation, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_BY_DAY = ROOT / "docs" / "how-to" / "operate.md"
#: Curl that fails when the gateway refuses, and begins a new line after each answer.
_CURL = 'curl() { command curl -sS --fail-with-body "$@"; echo; }'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("installation")
    async with Installation(folder).running("up") as running:
        yield running


async def follow(running: Running, page: Path) -> str:
    """Run the page's blocks one after the other, with this installation's address and key."""
    code = "\n".join(block.code for block in blocks(page, "run"))
    code = code.replace("http://127.0.0.1:8000", running.url)
    code = code.replace("$(cat .dormouse/demo/api.key)", running.key)
    script = f"KEY={running.key}\n{_CURL}\n{code}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


class TestTheCalls:
    async def test_of_the_readme_make_somebody_known_and_fill_her_cart(
        self, running: Running
    ) -> None:
        told = await follow(running, README)

        assert '{"success":true}' in told
        runs = (await running.get("/v1/runs?customer_id=ada"))["items"]
        assert {run["journey"] for run in runs} == {"welcome", "cart-abandonment"}

    async def test_of_the_day_tune_pause_start_and_explain(self, running: Running) -> None:
        told = await follow(running, DAY_BY_DAY)

        tuned = await running.get("/v1/journeys/cart-abandonment/settings")
        assert tuned["settings"]["first_reminder_after"] == "2 hours"
        assert tuned["settings"]["incentive"]["code"] == "HAZEL10"
        assert '"journey":"win-back"' in told
        assert '"wording":"Offers by e-mail"' in told
