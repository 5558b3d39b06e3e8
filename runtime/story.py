"""Reading a story's code, and recording its end however it comes."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import CodeType
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.records import RecordActivities
from domain.errors import Invalid
from domain.events import EventName
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from domain.questions import RunEnded

#: What a journey tells in its method `run`.
Story = Callable[[Any, JourneyStart[Any]], Awaitable[JourneyResult]]


class StoryOver(Exception):
    """Raised at a step boundary once an ending was heard. Journeys never catch it."""


def mentioned(code: CodeType, names: dict[str, Any]) -> set[EventName]:
    """The events that a story's code names, also through tuples of events like VISITS."""
    found: set[EventName] = set()
    for value in (names.get(name) for name in code.co_names):
        events = value if isinstance(value, tuple) else (value,)
        found.update(event for event in events if isinstance(event, EventName))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= mentioned(constant, names)
    return found


def settings_of(story: Story) -> type[JourneySettings]:
    """The settings that a story's `start: JourneyStart[…]` names."""
    start = story.__annotations__.get("start")
    named = getattr(start, "__pydantic_generic_metadata__", {}).get("args") or (None,)
    if not (isinstance(named[0], type) and issubclass(named[0], JourneySettings)):
        raise Invalid(
            f"{story.__qualname__} does not say which settings it takes: write "
            "async def run(self, start: JourneyStart[ItsSettings]) -> JourneyResult."
        )
    return named[0]


def require_story(cls: type) -> None:
    """Raise Invalid when a journey, told by its `entry`, has no story that Temporal could run."""
    story = cls.__dict__.get("run")
    if story is None and "entry" in cls.__dict__:
        raise Invalid(f"{cls.__name__} tells no story: write async def run under @workflow.run.")
    if story is not None and not hasattr(story, "__temporal_workflow_run"):
        raise Invalid(f"{cls.__name__}.run is no story yet: write @workflow.run above it.")


def init_like(story: Story, cls: type) -> Callable[[Any, JourneyStart[Any]], None]:
    """A `@workflow.init` with the story's own signature, as Temporal demands."""

    def __init__(self: Any, start: JourneyStart[Any]) -> None:  # noqa: N807 - it becomes one
        self.begin(start)

    __init__.__annotations__ = {"start": story.__annotations__["start"]}
    __init__.__qualname__, __init__.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return workflow.init(__init__)


def with_recorded_end(story: Story) -> Story:
    """The story, followed by a note of how it ended."""

    @functools.wraps(story)
    async def run(self: Any, start: JourneyStart[Any]) -> JourneyResult:
        try:
            result = await story(self, start)
        except StoryOver:
            result = self.result()
        except asyncio.CancelledError:
            await _record_end(start.run_id, self.result("cancelled"))
            raise
        if asked_for := self.end_of_story():
            result = self.result(asked_for)
        await _record_end(start.run_id, result)
        return result

    return run


async def _record_end(run_id: str, result: JourneyResult) -> None:
    await workflow.execute_local_activity_method(
        RecordActivities.record_end,
        RunEnded(run_id=run_id, result=result, ended_at=workflow.now()),
        start_to_close_timeout=timedelta(seconds=90),
        retry_policy=RetryPolicy(maximum_interval=timedelta(minutes=5)),
    )
