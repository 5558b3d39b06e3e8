"""The calls of the pages, made as they stand against a running Dormouse."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.docs.pages import README, ROOT, blocks
from tests.fakes.installation import Installation, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOW_TO = ROOT / "docs" / "how-to"
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
    code = re.sub(r"\$\(cat \S+/api.key\)", running.key, code)
    code = code.replace(".venv/bin/dormouse", str(Path(sys.executable).with_name("dormouse")))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", f"KEY={running.key}\n{_CURL}\n{code}"),
        cwd=running.state,
        env={**os.environ, "DORMOUSE_DATA_DIR": str(running.state)},
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

    async def test_of_the_day_make_keys_tune_start_and_explain(self, running: Running) -> None:
        told = await follow(running, HOW_TO / "operate.md")

        tuned = await running.get("/v1/journeys/cart-abandonment/settings")
        assert tuned["settings"]["first_reminder_after"] == "2 hours"
        assert tuned["settings"]["incentive"]["code"] == "HAZEL10"
        assert '"journey":"win-back"' in told
        assert '"wording":"Offers by e-mail"' in told

    async def test_of_the_catalogue_describe_a_product_and_explain_what_goes_with_it(
        self, running: Running
    ) -> None:
        told = await follow(running, HOW_TO / "products.md")

        assert (await running.get("/v1/products/tent-hazel-2"))["price"] == "289"
        assert '"unknown-product"' in told

    async def test_of_a_journey_of_ones_own_tell_of_a_wish(self, running: Running) -> None:
        await follow(running, HOW_TO / "write-a-journey.md")

        story = (await running.get("/v1/customers/elif/timeline"))["items"]
        assert "Product Added to Wishlist" in str(story)
