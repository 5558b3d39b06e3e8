"""Runs that sleep while a new version is deployed go on under it."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from worker import sandbox
from workflows.catalogue import JOURNEYS

FILES = sorted(Path(__file__).parent.glob("*/*.json"))


class TestAHistoryOfAnEarlierVersion:
    @pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
    async def test_replays_under_this_one(self, file: Path) -> None:
        replayer = Replayer(
            workflows=JOURNEYS,
            data_converter=pydantic_data_converter,
            workflow_runner=sandbox(),
        )

        result = await replayer.replay_workflow(
            WorkflowHistory.from_json(file.stem, file.read_text()), raise_on_replay_failure=False
        )

        assert result.replay_failure is None
