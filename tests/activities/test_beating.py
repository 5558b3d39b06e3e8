"""Signs of life of an activity that takes its time, and of none that does not."""

import asyncio
from typing import Any

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from activities.beating import beating


@pytest.fixture
def beats() -> list[Any]:
    return []


@pytest.fixture
def environment(beats: list[Any]) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)
    return environment


@activity.defn
async def at_work(seconds: float) -> None:
    with beating(every=0.02):
        await asyncio.sleep(seconds)


class TestAnActivityAtWork:
    async def test_gives_signs_of_life(
        self, environment: ActivityEnvironment, beats: list[Any]
    ) -> None:
        await environment.run(at_work, 0.2)

        assert len(beats) > 2

    async def test_gives_none_when_it_is_over_soon(
        self, environment: ActivityEnvironment, beats: list[Any]
    ) -> None:
        await environment.run(at_work, 0)

        assert beats == []

    async def test_gives_none_after_its_end(
        self, environment: ActivityEnvironment, beats: list[Any]
    ) -> None:
        await environment.run(at_work, 0.05)
        given = len(beats)

        await asyncio.sleep(0.1)

        assert len(beats) == given
