from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.questions import calm_since
from tests.fakes.happenings import NOON, minutes

offsets = st.lists(st.integers(-30, 240), max_size=12)


class TestCalm:
    def test_comes_so_long_after_the_last_moment(self) -> None:
        found = calm_since([NOON + minutes(10)], since=NOON, lasting=minutes(30))

        assert found == NOON + minutes(40)

    def test_is_counted_from_the_entry_when_nothing_happened(self) -> None:
        assert calm_since([], since=NOON, lasting=minutes(30)) == NOON + minutes(30)

    def test_does_not_mind_what_happened_before(self) -> None:
        found = calm_since([NOON - minutes(1)], since=NOON, lasting=minutes(30))

        assert found == NOON + minutes(30)

    def test_was_reached_in_the_first_gap_that_is_long_enough(self) -> None:
        moments = [NOON + minutes(20), NOON + minutes(50), NOON + minutes(55)]

        assert calm_since(moments, since=NOON, lasting=minutes(30)) == NOON + minutes(50)

    @given(offsets=offsets, lasting=st.integers(0, 60))
    def test_is_what_somebody_finds_who_looks_every_minute(
        self, offsets: list[int], lasting: int
    ) -> None:
        moments = [NOON + minutes(offset) for offset in offsets]

        found = calm_since(moments, since=NOON, lasting=minutes(lasting))

        assert found == watched(moments, since=NOON, lasting=minutes(lasting))


def watched(moments: list[datetime], *, since: datetime, lasting: timedelta) -> datetime:
    """Look at the clock every minute, and remember when something happened last."""
    clock = last = since
    while clock - last < lasting:
        clock += minutes(1)
        if clock - last < lasting and clock in moments:
            last = clock
    return clock
