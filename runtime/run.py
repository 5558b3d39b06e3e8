"""What every run can do whatever its story: hear, rest, be paused, looked at and ended."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import FunctionType
from typing import Any, ClassVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from domain.entry import Entry
    from domain.events import WITHDRAWALS, EventName, Heard
    from domain.journeys import (
        EXIT_REASONS,
        Carried,
        JourneySettings,
        JourneyStart,
        RunPosition,
        RunStatus,
    )
    from domain.messages import StepOutcome
    from domain.pace import Pace
    from runtime.story import (
        StoryOver,
        init_like,
        mentioned,
        require_story,
        settings_of,
        with_recorded_end,
    )


class Run:
    """The machinery under a journey. Stories use `Journey`; nothing here is called by them."""

    entry: ClassVar[Entry]
    goal: ClassVar[EventName | None] = None
    settings_type: ClassVar[type[JourneySettings]]
    #: The events that the story mentions; found by reading its code.
    listens: ClassVar[frozenset[EventName]] = frozenset()

    _start: JourneyStart[Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        require_story(cls)
        if story := cls.__dict__.get("run"):
            told = [part for part in cls.__dict__.values() if isinstance(part, FunctionType)]
            cls.listens = frozenset().union(*(mentioned(p.__code__, p.__globals__) for p in told))
            cls.settings_type = settings_of(story)
            cls.run = with_recorded_end(story)  # type: ignore[attr-defined]  # each story's own
            cls.__init__ = init_like(story, cls)  # type: ignore[assignment]  # by its signature

    def begin(self, start: JourneyStart[Any]) -> None:
        """Set out, or go on after continuing as new."""
        carried = start.carried or Carried()
        self._start, self._pace = start, Pace(start.time_scale)
        self._heard = list(carried.heard)
        self._heard_ids = {heard.id for _, heard in self._heard}
        self._to_retell, self._told = list(carried.told), list(carried.told)
        self._steps: list[tuple[str, StepOutcome]] = list(carried.steps)
        self._endings: tuple[EventName, ...] = ()
        self._ended_by: str | None = carried.ended_by
        self._end_asked_for: str | None = None
        self._carried_rest, self._asked_at = carried.wakes_at, carried.asked_at
        self._last_message, self._is_told = 0, False
        #: Step → how much had been heard when it was last sent.
        self._messages: dict[str, int] = {}
        self._paused, self._fast_forwarded, self._held = carried.paused, False, False
        self._step: str | None = None
        self._waiting_for: str | None = None
        self._wakes_at: datetime | None = None

    # -- heard, asked and told from outside

    @workflow.signal(dynamic=True, description="Something the customer did, by the event's name")
    def hear(self, name: str, args: Sequence[RawValue]) -> None:
        """Take note of an event; a second delivery of the same event changes nothing."""
        heard = _read(args)
        if heard is None:
            workflow.logger.warning("run.signal_unreadable", extra={"signal": name})
        elif heard.id not in self._heard_ids:
            self._heard_ids.add(heard.id)
            self._heard.append((name, heard))

    @workflow.query(description="Where the run is, and what it waits for until when")
    def position(self) -> RunPosition:
        """Say where the run is."""
        return RunPosition(
            status=self._status(),
            step=self._step,
            waiting_for=self._waiting_for,
            wakes_at=self._wakes_at,
            exit_reason=self._end_asked_for or EXIT_REASONS.get(self._ended_by or ""),
        )

    @workflow.update(description="Hold the run at its next step until it is resumed")
    def pause(self) -> RunPosition:
        """Hold the run; its waits go on, but no step is taken."""
        self._paused = True
        self._say(self._waiting_for)
        return self.position()

    @pause.validator
    def _may_pause(self) -> None:
        self._refuse_if_ending()
        if self._paused:
            raise ApplicationError("The run is paused already.", type="already-paused")

    @workflow.update(description="Let a paused run go on")
    def resume(self) -> RunPosition:
        """Let the run go on; what fell due meanwhile is done at once."""
        self._paused = False
        self._say(self._waiting_for)
        return self.position()

    @resume.validator
    def _may_resume(self) -> None:
        self._refuse_if_ending()
        if not self._paused:
            raise ApplicationError("The run is not paused.", type="not-paused")

    @workflow.update(description="End the current wait now")
    def fast_forward(self) -> RunPosition:
        """End the current wait as if its time were up."""
        self._fast_forwarded = True
        return self.position()

    @fast_forward.validator
    def _may_fast_forward(self) -> None:
        self._refuse_if_ending()
        if self._paused:
            raise ApplicationError("The run is paused; resume it first.", type="paused")
        if self._wakes_at is None:
            raise ApplicationError("The run waits for nothing just now.", type="not-waiting")

    @workflow.update(description="End the run at its next step boundary")
    def end(self, reason: str) -> RunPosition:
        """End the run for good, with the reason as its exit reason."""
        self._end_asked_for = reason or "ended"
        return self.position()

    @end.validator
    def _may_end(self, reason: str) -> None:  # noqa: ARG002 - the update's own signature
        self._refuse_if_ending()

    def _refuse_if_ending(self) -> None:
        if self._is_told or self._is_over():
            raise ApplicationError("The run is ending already.", type="run-ended")

    # -- endings

    def end_of_story(self) -> str | None:
        """The story is told: nothing can be asked of the run any more, but why it ended so."""
        self._is_told = True
        return self._end_asked_for

    def open_endings(self, endings: Sequence[EventName]) -> None:
        """From here on, one of `endings` ends the enclosed story."""
        if not self._endings:
            self._ended_by = None  # another part of the story, with an end of its own
        self._endings = (*self._endings, *endings)

    def close_endings(self, endings: Sequence[EventName]) -> bool:
        """Back to the endings around; True when one of `endings` was heard and the run goes on."""
        self._endings = self._endings[: len(self._endings) - len(endings)]
        return not self._end_asked_for and self._heard_ending(endings) is not None

    def _heard_ending(self, endings: Sequence[str]) -> str | None:
        """The first of `endings` that was heard; remembered as what ended this part."""
        found = next((name for name, _ in self._heard if name in endings), None)
        if found and self._ended_by is None:
            self._ended_by = found
        return found

    def _is_over(self) -> bool:
        names = (*self._endings, *WITHDRAWALS)
        return bool(self._end_asked_for) or any(name in names for name, _ in self._heard)

    def _stop_if_over(self) -> None:
        if self._is_over():
            self._waiting_for = self._wakes_at = None
            self._heard_ending((*self._endings, *WITHDRAWALS))
            raise StoryOver

    # -- resting

    def _moment(self, duration: timedelta) -> datetime:
        return workflow.now() + self._pace.of(duration)

    async def _rest(
        self,
        wakes_at: datetime,
        words: str,
        *,
        enough: Callable[[], bool] = lambda: False,
        held: bool = False,
    ) -> bool:
        """Sleep until `wakes_at` or `enough()`; True when an engineer cut it short."""
        self._wakes_at, self._carried_rest = self._carried_rest or wakes_at, None
        self._held, self._fast_forwarded = held, False
        self._say(words)
        await self._sleep(enough, words)
        await self._step_boundary()
        cut_short, self._fast_forwarded = self._fast_forwarded, False
        self._held, self._wakes_at = False, None
        self._say(None)
        return cut_short

    async def _sleep(self, enough: Callable[[], bool], words: str) -> None:
        def awake() -> bool:
            return enough() or self._fast_forwarded or self._is_over()

        while not awake() and (left := self._left()) > timedelta():
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: awake() or _history_is_long(), timeout=left, timeout_summary=words
                )
            self._continue_if_long()

    def _left(self) -> timedelta:
        return self._wakes_at - workflow.now() if self._wakes_at else timedelta()

    async def _step_boundary(self) -> None:
        """Where stories stop: at an ending for good, at a pause until it is over."""
        self._continue_if_long()
        while self._paused and not self._is_over():
            await workflow.wait_condition(
                lambda: not self._paused or self._is_over() or _history_is_long()
            )
            self._continue_if_long()
        self._stop_if_over()

    # -- memory

    def _retold(self, verb: str) -> dict[str, Any] | None:
        """The outcome of this verb when the story is told again, None the first time."""
        if not self._to_retell:
            return None
        told = self._to_retell.pop(0)
        if told["verb"] != verb:
            raise workflow.NondeterminismError(
                f"The story says {verb} where it said {told['verb']} before it continued as new."
            )
        return told

    def _told_now(self, verb: str, **outcome: Any) -> None:
        self._told.append({"verb": verb, **outcome})

    def _continue_if_long(self) -> None:
        if not _history_is_long() or self._is_over():
            return
        carried = Carried(
            told=self._told,
            heard=self._heard,
            steps=self._steps,
            wakes_at=workflow.now() if self._fast_forwarded else self._wakes_at,
            asked_at=self._asked_at,
            paused=self._paused,
            ended_by=self._ended_by,
        )
        workflow.continue_as_new(self._start.model_copy(update={"carried": carried}))

    # -- words

    def _status(self) -> RunStatus:
        if self._paused:
            return RunStatus.PAUSED
        return RunStatus.HELD if self._held else RunStatus.WAITING

    def _say(self, words: str | None) -> None:
        self._waiting_for = words
        until = f", until {self._wakes_at:%d %b %Y %H:%M:%S} UTC" if self._wakes_at else ""
        waiting = f"Waits for {words}{until}" if words else f"At step {self._step or 'one'}"
        workflow.set_current_details(f"**Paused.** {waiting}" if self._paused else waiting)


def _history_is_long() -> bool:
    return workflow.info().is_continue_as_new_suggested()


def _read(args: Sequence[RawValue]) -> Heard | None:
    """The event in a signal; one sent by hand without any counts as happening now."""
    if not args:
        return Heard(id=str(workflow.uuid4()), happened_at=workflow.now())
    try:
        heard: Heard = workflow.payload_converter().from_payload(args[0].payload, Heard)
    except (ValidationError, ValueError, RuntimeError):
        return None
    return heard
