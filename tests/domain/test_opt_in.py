from datetime import datetime, timedelta

import pytest

from domain.consents import ConsentStatus, consent_status
from domain.opt_in import DoubleOptIn, OptInSettings, is_asked_enough
from domain.pace import Pace
from tests.fakes.happenings import NOON
from tests.fakes.journeys import journey

DAY = timedelta(days=1)


class TestAnAddress:
    @pytest.mark.parametrize(
        ("days_ago", "is_enough"),
        [
            ([], False),
            ([0.9], True),
            ([1.1], False),
            ([1.1, 8], False),
            ([1.1, 8, 29], True),
            ([1.1, 8, 31], False),
        ],
    )
    def test_is_asked_once_a_day_and_three_times_a_month(
        self, days_ago: list[float], *, is_enough: bool
    ) -> None:
        asked_at = [NOON - days * DAY for days in days_ago]

        assert is_asked_enough(asked_at, now=NOON, pace=Pace()) is is_enough

    def test_is_asked_again_sooner_at_the_pace_of_a_demonstration(self) -> None:
        asked_at = [NOON - timedelta(minutes=2)]

        assert not is_asked_enough(asked_at, now=NOON, pace=Pace(1_440))


class TestAWordAboutConsent:
    @pytest.mark.parametrize(
        ("granted", "confirm_until", "status"),
        [
            (True, None, ConsentStatus.GRANTED),
            (False, None, ConsentStatus.WITHDRAWN),
            (False, NOON, ConsentStatus.PENDING),
            (False, NOON - timedelta(seconds=1), ConsentStatus.LAPSED),
        ],
    )
    def test_is_granted_pending_lapsed_or_withdrawn(
        self, *, granted: bool, confirm_until: datetime | None, status: ConsentStatus
    ) -> None:
        assert consent_status(granted=granted, confirm_until=confirm_until, now=NOON) is status


class TestDoubleOptIn:
    def test_takes_its_time_from_the_journey_that_asks(self) -> None:
        asking = journey(settings=OptInSettings(confirm_within=3 * DAY))

        found = DoubleOptIn.under([journey(), asking], is_on=True, pace=Pace(3))

        assert found.confirm_within == DAY

    def test_waits_a_week_where_no_journey_asks(self) -> None:
        found = DoubleOptIn.under([journey()], is_on=True, pace=Pace())

        assert found.confirm_within == 7 * DAY
