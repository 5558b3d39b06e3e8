from datetime import timedelta

from domain.pace import Pace


class TestPace:
    def test_leaves_time_alone_in_production(self) -> None:
        assert Pace().of(timedelta(days=3)) == timedelta(days=3)
        assert Pace().virtual(timedelta(days=3)) == timedelta(days=3)

    def test_shrinks_durations_for_a_demonstration(self) -> None:
        assert Pace(3_600).of(timedelta(hours=2)) == timedelta(seconds=2)

    def test_tells_how_much_of_the_journeys_own_time_has_passed(self) -> None:
        assert Pace(3_600).virtual(timedelta(seconds=2)) == timedelta(hours=2)
