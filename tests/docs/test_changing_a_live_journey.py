"""The change that docs/how-to/change-a-live-journey.md shows, made in a copy of the journey."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.docs.pages import ROOT, blocks
from worker import sandbox

PAGE = ROOT / "docs" / "how-to" / "change-a-live-journey.md"
HISTORY = ROOT / "tests" / "histories" / "0.1.0" / "win-back-sunset-1.json"
#: The same change by somebody who did not ask which kind a run is.
CARELESS = ('if workflow.patched("a-word-in-between"):', "if True:")

Changed = Callable[..., str]


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changed:
    """Makes the change of the page in a copy of win-back; returns the copy's module."""
    monkeypatch.syspath_prepend(tmp_path)

    def change(module: str, before: str = "", after: str = "") -> str:
        [block] = blocks(PAGE, "change")
        lines = block.code.splitlines(keepends=True)[1:]
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        code = (ROOT / str(block.path)).read_text()
        assert code.count(old) == 1, old
        assert before in new
        (tmp_path / f"{module}.py").write_text(code.replace(old, new.replace(before, after)))
        return module

    return change


async def failure_of(module: str) -> Exception | None:
    """What a run that went to its end before the change says to it."""
    replayer = Replayer(
        workflows=[import_module(module).WinBack],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
    )
    history = WorkflowHistory.from_json(HISTORY.stem, HISTORY.read_text())
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return result.replay_failure


class TestAChangeOfTheStory:
    async def test_is_not_noticed_by_runs_that_are_beyond_it(self, changed: Changed) -> None:
        assert await failure_of(changed("careful_win_back")) is None

    async def test_breaks_them_when_it_does_not_ask(self, changed: Changed) -> None:
        failure = await failure_of(changed("careless_win_back", *CARELESS))

        assert "Nondeterminism" in str(failure)
