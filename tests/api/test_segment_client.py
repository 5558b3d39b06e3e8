"""The client that shops have: segment-analytics-python, unchanged, over a real socket."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from segment.analytics.client import Client

from api.app import Services, create_app
from domain.errors import Unavailable
from domain.incoming import Call
from store.sessions import Database
from tests.api.conftest import NewKey
from tests.fakes.intake import FakeIntake
from tests.fakes.served import served


@pytest.fixture
def url(services: Services) -> Iterator[str]:
    """Where the gateway listens."""

    @asynccontextmanager
    async def on_the_servers_loop() -> AsyncIterator[Services]:
        database = Database.open(services.settings.database)
        yield replace(services, database=database)
        await database.close()

    with served(create_app(on_the_servers_loop)) as url:
        yield url


class Shop:
    """A shop's backend with Segment's client."""

    def __init__(self, key: str, url: str, **options: Any) -> None:
        self.errors: list[Exception] = []
        self.client = Client(
            key, host=url, on_error=self._note, upload_interval=0.05, max_retries=3, **options
        )

    def _note(self, error: Exception, _batch: object) -> None:
        self.errors.append(error)

    def finish(self) -> None:
        self.client.flush()
        self.client.join()


@pytest.fixture
async def key(new_key: NewKey) -> str:
    return await new_key("ingest")


class TestSegmentsPythonClient:
    @pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
    def test_sends_every_call(self, key: str, url: str, intake: FakeIntake, *, gzip: bool) -> None:
        shop = Shop(key, url, gzip=gzip)

        shop.client.identify("4711", {"email": "ada@example.com", "marketing_consent": True})
        shop.client.track("4711", "Product Viewed", {"product_id": "mug"})
        shop.client.page("4711", "Kitchen", "Mugs", {"url": "https://shop.example/mugs"})
        shop.client.screen("4711", "Kitchen", "Mugs")
        shop.client.group("4711", "acme", {"name": "Acme"})
        shop.client.alias("b-81", "4711")
        shop.finish()

        assert shop.errors == []
        assert [message.call for message in intake.taken] == [
            Call.IDENTIFY,
            Call.TRACK,
            Call.TRACK,
            Call.TRACK,
            Call.GROUP,
            Call.ALIAS,
        ]
        identify, track, page, _screen, _group, alias = intake.taken
        assert identify.traits == {"email": "ada@example.com", "marketing_consent": True}
        assert track.properties == {"product_id": "mug"}
        assert page.properties == {
            "url": "https://shop.example/mugs",
            "name": "Mugs",
            "category": "Kitchen",
        }
        assert alias.previous_id == "b-81"

    def test_tells_when_things_happened(self, key: str, url: str, intake: FakeIntake) -> None:
        shop = Shop(key, url)

        shop.client.track("4711", "Order Completed", timestamp=datetime(2025, 3, 4, tzinfo=UTC))
        shop.client.track("4711", "Cart Viewed")
        shop.finish()

        ordered, viewed = intake.taken
        assert abs((ordered.happened_at - datetime(2025, 3, 4, tzinfo=UTC)).total_seconds()) < 5
        assert viewed.happened_at <= viewed.received_at

    def test_sends_again_what_could_not_be_kept_and_it_counts_once(
        self, key: str, url: str, intake: FakeIntake
    ) -> None:
        intake.failures_ahead = 1
        intake.failure = Unavailable("The database is locked.")
        shop = Shop(key, url)

        shop.client.track("4711", "Product Viewed")
        shop.finish()

        assert shop.errors == []
        assert intake.calls == 2
        assert len(intake.taken) == 1

    def test_sends_a_thousand_events_in_batches(
        self, key: str, url: str, intake: FakeIntake
    ) -> None:
        shop = Shop(key, url)

        for number in range(1_000):
            shop.client.track(number + 1, "Product Viewed", {"product_id": f"p-{number}"})
        shop.finish()

        assert shop.errors == []
        assert [message.user_id for message in intake.taken] == [str(n) for n in range(1, 1_001)]
        assert intake.calls < 100

    def test_sends_events_as_large_as_it_lets_them_be(
        self, key: str, url: str, intake: FakeIntake
    ) -> None:
        shop = Shop(key, url)

        for _ in range(40):
            shop.client.track("4711", "Product Viewed", {"note": "x" * 32_300})
        shop.finish()

        assert shop.errors == []
        assert len(intake.taken) == 40

    async def test_waits_as_long_as_it_is_told_when_it_sends_too_much(
        self, new_key: NewKey, url: str, intake: FakeIntake
    ) -> None:
        shop = Shop(await new_key("ingest", rate_limit=20), url, upload_size=100)

        started = time.monotonic()
        for number in range(300):
            shop.client.track(number + 1, "Product Viewed")
        shop.finish()

        assert shop.errors == []
        assert len(intake.taken) == 300
        assert time.monotonic() - started > 0.9

    def test_learns_that_its_key_is_wrong(self, url: str, intake: FakeIntake) -> None:
        shop = Shop("dm_wrong", url)

        shop.client.track("4711", "Product Viewed")
        shop.finish()

        [error] = shop.errors
        assert "401" in str(error)
        assert intake.taken == []
