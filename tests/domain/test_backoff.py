from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backoff import back_off


class TestBackOff:
    @pytest.mark.parametrize(
        ("attempts", "pause"),
        [
            (1, timedelta(minutes=1)),
            (2, timedelta(minutes=2)),
            (5, timedelta(minutes=16)),
            (9, timedelta(minutes=256)),
            (10, timedelta(hours=6)),
            (1_000_000, timedelta(hours=6)),
        ],
    )
    def test_doubles_from_a_minute_to_six_hours(self, attempts: int, pause: timedelta) -> None:
        assert back_off(attempts, spread=0) == pause

    @given(attempts=st.integers(1, 100), spread=st.floats(0, 1))
    def test_is_spread_by_a_quarter_at_most(self, attempts: int, spread: float) -> None:
        exact = back_off(attempts, spread=0)

        assert exact <= back_off(attempts, spread=spread) <= exact * 1.25
