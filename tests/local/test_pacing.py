from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pace import Pace
from local.pacing import LARGEST_BATCH, SLACK, Moment, Timeline, due_batches

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class VirtualClock:
    """A clock that moves only by sleeping, and by the time that posting takes."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    async def sleep(self, duration: timedelta) -> None:
        self.time += duration


def moments(*seconds: float, size: int = 0) -> list[Moment]:
    return [
        Moment(timedelta(seconds=at), {"messageId": str(number)}, size=size)
        for number, at in enumerate(seconds)
    ]


async def told(
    story: Iterable[Moment], *, scale: float = 1, posting: timedelta = timedelta()
) -> list[tuple[float, list[str]]]:
    """When each batch went out (seconds from the start), and with which messages."""
    clock = VirtualClock()
    timeline = Timeline(pace=Pace(scale), begins_at=NOON)
    batches = []
    async for batch in due_batches(story, timeline, clock):
        stamped = [timeline.stamped(moment) for moment in batch]
        assert all(datetime.fromisoformat(m["timestamp"]) <= clock.now() for m in stamped)
        batches.append(((clock.now() - NOON).total_seconds(), [m["messageId"] for m in stamped]))
        clock.time += posting
    return batches


class TestATimeline:
    def test_begins_with_the_first_moment(self) -> None:
        timeline = Timeline(pace=Pace(20_000), begins_at=NOON)

        assert timeline.at(timedelta()) == NOON

    def test_shrinks_the_time_between_moments_by_the_scale(self) -> None:
        timeline = Timeline(pace=Pace(86_400), begins_at=NOON)

        assert timeline.at(timedelta(days=3)) == NOON + timedelta(seconds=3)

    def test_puts_history_before_its_beginning(self) -> None:
        timeline = Timeline(pace=Pace(86_400), begins_at=NOON)

        assert timeline.at(timedelta(days=-30)) == NOON - timedelta(seconds=30)

    def test_dates_a_message_anew_and_keeps_the_rest(self) -> None:
        timeline = Timeline(pace=Pace(1), begins_at=NOON)
        message = {
            "messageId": "m-1",
            "timestamp": "2019-01-01T00:00:00Z",
            "sentAt": "2019-01-01T00:00:01Z",
            "originalTimestamp": "2019-01-01T00:00:02Z",
            "event": "Order Completed",
        }

        stamped = timeline.stamped(Moment(timedelta(seconds=5), message))

        assert stamped == {
            "messageId": "m-1",
            "timestamp": "2026-05-01T12:00:05+00:00",
            "event": "Order Completed",
        }

    def test_stays_as_it_is_while_it_is_kept_up_with(self) -> None:
        timeline = Timeline(pace=Pace(1), begins_at=NOON)

        timeline.keep_fresh(timedelta(hours=1), now=NOON + timedelta(hours=6))

        assert timeline.at(timedelta(hours=1)) == NOON + timedelta(hours=1)

    def test_moves_into_the_future_when_it_is_not(self) -> None:
        timeline = Timeline(pace=Pace(1), begins_at=NOON)

        timeline.keep_fresh(timedelta(hours=1), now=NOON + timedelta(hours=10))

        assert timeline.at(timedelta(hours=1)) == NOON + timedelta(hours=10) - SLACK


class TestDueBatches:
    async def test_wait_for_each_moment(self) -> None:
        assert await told(moments(0, 60, 90)) == [(0, ["0"]), (60, ["1"]), (90, ["2"])]

    async def test_wait_shorter_when_time_is_compressed(self) -> None:
        assert await told(moments(0, 60, 90), scale=10) == [(0, ["0"]), (6, ["1"]), (9, ["2"])]

    async def test_hold_together_what_happens_at_once(self) -> None:
        assert await told(moments(0, 0, 0, 5)) == [(0, ["0", "1", "2"]), (5, ["3"])]

    async def test_gather_what_became_due_while_posting(self) -> None:
        batches = await told(moments(0, 1, 2, 30), posting=timedelta(seconds=10))

        assert batches == [(0, ["0"]), (10, ["1", "2"]), (30, ["3"])]

    async def test_are_never_larger_than_a_request_may_be(self) -> None:
        batches = await told(moments(*[0] * 250))

        assert [len(ids) for _, ids in batches] == [100, 100, 50]

    async def test_are_never_heavier_than_a_request_may_be(self) -> None:
        batches = await told(moments(0, 0, 0, 0, 0, size=150_000))

        assert [len(ids) for _, ids in batches] == [2, 2, 1]

    async def test_of_an_empty_story_are_none(self) -> None:
        assert await told([]) == []

    @given(
        gaps=st.lists(st.floats(0, 200_000), max_size=150),
        scale=st.floats(1, 1e6),
        posting=st.floats(0, 10),
    )
    async def test_lose_nothing_keep_the_order_and_never_run_ahead(
        self, gaps: list[float], scale: float, posting: float
    ) -> None:
        at, times = 0.0, []
        for gap in gaps:
            at += gap
            times.append(at)

        batches = await told(moments(*times), scale=scale, posting=timedelta(seconds=posting))

        assert [i for _, ids in batches for i in ids] == [str(n) for n in range(len(gaps))]
        assert all(len(ids) <= LARGEST_BATCH for _, ids in batches)

    @given(gaps=st.lists(st.floats(0, 5_000), min_size=1, max_size=60), posting=st.floats(0, 60))
    async def test_never_send_what_is_stale_however_slow_posting_is(
        self, gaps: list[float], posting: float
    ) -> None:
        clock, scale = VirtualClock(), 10_000
        timeline = Timeline(pace=Pace(scale), begins_at=NOON)
        story = moments(*[sum(gaps[:n]) for n in range(len(gaps))])

        async for batch in due_batches(story, timeline, clock):
            newest = timeline.at(batch[-1].after)
            assert clock.now() - newest <= SLACK / scale + timedelta(microseconds=2)
            clock.time += timedelta(seconds=posting)
