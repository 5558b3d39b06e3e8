"""When something happened, by the clocks of sender and gateway."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.fakes.intake import FakeIntake


class TestTheTimeOfAMessage:
    async def taken_at(
        self, shop: httpx.AsyncClient, intake: FakeIntake, **times: str | None
    ) -> tuple[datetime, datetime]:
        message = {"userId": "1", "event": "Cart Viewed", **times}
        answer = await shop.post("/v1/track", json=message)
        assert answer.status_code == 200, answer.text
        return intake.taken[0].happened_at, intake.taken[0].received_at

    async def test_is_when_it_was_received_when_nothing_is_said(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        happened_at, received_at = await self.taken_at(shop, intake, timestamp=None)

        assert happened_at == received_at

    async def test_is_what_the_message_says(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        happened_at, _ = await self.taken_at(shop, intake, timestamp="2025-03-04T10:00:00+01:00")

        assert happened_at == datetime(2025, 3, 4, 9, 0, tzinfo=UTC)

    async def test_is_utc_when_no_zone_is_said(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        happened_at, _ = await self.taken_at(shop, intake, timestamp="2025-03-04T10:00:00")

        assert happened_at == datetime(2025, 3, 4, 10, 0, tzinfo=UTC)

    async def test_is_corrected_by_the_error_of_the_senders_clock(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        happened_at, received_at = await self.taken_at(
            shop, intake, timestamp="1970-01-01T00:00:10Z", sentAt="1970-01-01T00:00:40Z"
        )

        assert received_at - happened_at == timedelta(seconds=30)

    async def test_is_left_alone_when_it_was_corrected_before(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        happened_at, _ = await self.taken_at(
            shop,
            intake,
            originalTimestamp="1970-01-01T00:00:10Z",
            timestamp="2025-03-04T10:00:00Z",
            sentAt="1970-01-01T00:00:40Z",
        )

        assert happened_at == datetime(2025, 3, 4, 10, 0, tzinfo=UTC)

    async def test_is_never_in_the_future(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        happened_at, received_at = await self.taken_at(
            shop, intake, timestamp="2999-01-01T00:00:00Z"
        )

        assert happened_at == received_at

    @pytest.mark.parametrize(
        "times",
        [
            {"timestamp": "1999-12-31T23:59:59Z"},
            {"timestamp": "0001-01-01T00:00:00+14:00"},
            {"timestamp": "0001-01-01T00:00:00Z", "sentAt": "9999-12-31T23:59:59Z"},
        ],
    )
    async def test_is_refused_when_absurd(
        self, shop: httpx.AsyncClient, times: dict[str, str]
    ) -> None:
        answer = await shop.post("/v1/track", json={"userId": "1", "event": "A", **times})

        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {"field": "timestamp", "message": "this is before the year 2000"}
        ]
