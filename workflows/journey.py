"""The vocabulary that journeys are told in.

`until`, `wait`, `happens`, `calm` and `send`, with `ended_by`, `has_written` and `result`: a
journey needs nothing else. Endings act at step boundaries: any wait stops at once, a mail in
flight is finished and recorded. What every run can do besides its story (hear events, be paused,
be looked at) lives in `runtime/`.

A verb's outcome is kept, so that a run whose history grows too long can continue as new: the story
is told again from its first line, and each verb already told answers from memory.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities
    from activities.sending import SendActivities
    from domain.durations import say_duration
    from domain.events import Activity, EventName, Heard
    from domain.journeys import EXIT_REASONS, JourneyResult, S
    from domain.messages import StepOutcome, StepRequest, StepStatus
    from domain.questions import CalmQuestion, MarketingStop
    from runtime.queues import SENDING_QUEUE
    from runtime.run import Run
    from runtime.story import StoryOver

#: One attempt: the time-outs inside it (provider 20 s, database 30 s) fit in.
_ONE_ATTEMPT = timedelta(seconds=90)
#: A worker that gives no sign of life for so long is dead, and another takes over.
_SIGN_OF_LIFE = timedelta(seconds=30)
#: A step whose activity cannot even run (database gone) is given up after this.
_GIVE_UP_AFTER = timedelta(days=3)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=10))


class Journey(Run, Generic[S]):
    """Base of every journey: subclass it, set `entry`, and tell the story in `run`."""

    def until(self, *endings: EventName) -> "Until":
        """Tell the enclosed story until one of `endings` is heard, from any wait."""
        return Until(self, endings)

    def ended_by(self, *events: EventName) -> bool:
        """Whether one of `events` ended the story."""
        return self._ended_by in events

    @property
    def has_written(self) -> bool:
        """Whether a message of this run has left: only then is there something to follow up."""
        return any(outcome.sent for _, outcome in self._steps)

    async def wait(self, duration: timedelta) -> None:
        """Let `duration` pass. Only an ending, or an engineer's fast-forward, cuts it short."""
        if self._retold("wait") is None:
            words = f"{say_duration(duration)} to pass"
            await self._rest(self._moment(duration), words)
            self._told_now("wait")

    async def happens(
        self,
        event: EventName,
        *,
        within: timedelta,
        where: Callable[[Heard], bool] = lambda _: True,
        since: str | None = None,
    ) -> Heard | None:
        """The event as soon as it is heard, or None when `within` is over.

        What was heard since the last message counts too, or `since` the message of a step before
        it. `where` narrows by the event's facts.
        """
        if (told := self._retold("happens")) is not None:
            return Heard.model_validate(told["heard"]) if told["heard"] else None

        begin = self._messages[since] if since else self._last_message

        def found() -> Heard | None:
            heard = self._heard[begin:]
            return next((h for name, h in heard if name == event and where(h)), None)

        words = f"“{event}” for up to {say_duration(within)}"
        await self._rest(self._moment(within), words, enough=lambda: found() is not None)
        heard = found()
        self._told_now("happens", heard=heard.model_dump(mode="json") if heard else None)
        return heard

    async def calm(
        self, activity: Activity, *, lasting: timedelta, then: timedelta = timedelta()
    ) -> None:
        """Wait until nothing of `activity` has happened for `lasting`, and `then` so long more.

        Costs one look-up when the time may have come, never a signal per event.
        """
        if self._retold("calm") is not None:
            return
        words = f"{activity.name} to be calm for {say_duration(lasting)}"
        words += f", then {say_duration(then)}" if then else ""
        wakes_at = self._start.entered_at + self._pace.of(lasting + then)
        while not await self._rest(wakes_at, words):
            calm_at = await self._calm_since(activity, lasting)
            wakes_at = calm_at + self._pace.of(then)
            if wakes_at <= workflow.now():
                break
        self._told_now("calm")

    async def send(self, step: str) -> StepOutcome:
        """Send this step's message, or learn why not. Never raises: look at the outcome."""
        if (told := self._retold("send")) is not None:
            self._last_message = self._messages[step] = told["last_message"]
            return StepOutcome.model_validate(told["outcome"])
        self._step, asked_at = step, self._asked_at or workflow.now()
        if self._carried_rest:  # it continued as new while this step was held
            await self._rest(self._carried_rest, f"another try of {step}", held=True)
        while True:
            await self._step_boundary()
            last_message = len(self._heard)
            outcome = await self._attempt(step, asked_at)
            if outcome.status is not StepStatus.HELD or outcome.until is None:
                break
            self._asked_at = asked_at
            await self._rest(outcome.until, f"another try of {step}: {outcome.reason}", held=True)
        self._asked_at, self._last_message = None, last_message
        self._messages[step] = last_message
        self._steps.append((step, outcome))
        self._told_now("send", outcome=outcome.model_dump(mode="json"), last_message=last_message)
        return outcome

    async def stop_marketing(self, reason: str) -> None:
        """Suppress marketing to this customer from now on; transactional mail stays possible."""
        if self._retold("stop_marketing") is None:
            await self._step_boundary()
            stop = MarketingStop(
                run_id=self._start.run_id, customer_id=self._start.customer_id, reason=reason
            )
            await workflow.execute_activity_method(
                RecordActivities.stop_marketing,
                stop,
                task_queue=SENDING_QUEUE,
                start_to_close_timeout=_ONE_ATTEMPT,
                retry_policy=_RETRY,
                summary=f"stop marketing: {reason}",
            )
            self._told_now("stop_marketing")

    def result(self, exit_reason: str | None = None) -> JourneyResult:
        """How the journey ended; by default named after the event that ended it."""
        ended_by = self._ended_by
        reason = exit_reason or (EXIT_REASONS.get(ended_by, ended_by) if ended_by else "completed")
        return JourneyResult(exit_reason=reason, steps=self._steps)

    async def _calm_since(self, activity: Activity, lasting: timedelta) -> datetime:
        question = CalmQuestion(
            customer_id=self._start.customer_id,
            events=activity.events,
            since=self._start.entered_at,
            lasting=self._pace.of(lasting),
        )
        return await workflow.execute_local_activity_method(
            RecordActivities.calm_since,
            question,
            start_to_close_timeout=_ONE_ATTEMPT,
            retry_policy=_RETRY,
        )

    async def _attempt(self, step: str, asked_at: datetime) -> StepOutcome:
        request = StepRequest(
            run_id=self._start.run_id,
            step=step,
            occurrence=1 + sum(name == step for name, _ in self._steps),
            ends_on=self._endings,
            asked_at=asked_at,
            already_shown=tuple(p for _, outcome in self._steps for p in outcome.shown),
        )
        self._say(None)
        try:
            return await workflow.execute_activity_method(
                SendActivities.send_message,
                request,
                task_queue=SENDING_QUEUE,
                start_to_close_timeout=_ONE_ATTEMPT,
                heartbeat_timeout=_SIGN_OF_LIFE,
                schedule_to_close_timeout=self._pace.of(_GIVE_UP_AFTER) + _ONE_ATTEMPT,
                retry_policy=_RETRY,
                priority=Priority(fairness_key=workflow.info().workflow_type),
                summary=step,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return StepOutcome(status=StepStatus.FAILED, reason=str(error.cause or error))


class Until:
    """The block of a story that some events end; made by `Journey.until`."""

    def __init__(self, journey: Run, endings: tuple[EventName, ...]) -> None:
        self._journey, self._endings = journey, endings

    def __enter__(self) -> None:
        self._journey.open_endings(self._endings)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        over = self._journey.close_endings(self._endings)
        return over and isinstance(error, StoryOver)
