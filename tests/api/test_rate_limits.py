import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from api.app import Services, create_app
from api.quotas import VISITS, WRONG_KEYS, QuotaByAddress
from tests.api.conftest import NewKey
from tests.fakes.intake import FakeIntake

VIEW = {"type": "track", "userId": "1", "event": "Product Viewed"}


@asynccontextmanager
async def gateway(services: Services, **changed: object) -> AsyncIterator[httpx.AsyncClient]:
    settings = services.settings.model_copy(update=changed)
    app = create_app(replace(services, settings=settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


class TestRateLimitOfAKey:
    async def test_is_told_with_each_answer(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        auth = (await new_key("ingest", rate_limit=100), "")

        answer = await client.post("/v1/track", json=VIEW, auth=auth)

        assert answer.headers["RateLimit-Policy"] == '"key";q=1000;w=10'
        assert answer.headers["RateLimit"] == '"key";r=999;t=1'

    async def test_is_told_with_refusals_too(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        auth = (await new_key("ingest", rate_limit=100), "")

        answer = await client.post("/v1/track", content=b"{", auth=auth)

        assert answer.status_code == 400
        assert answer.headers["RateLimit"] == '"key";r=999;t=1'

    async def test_counts_every_message_of_a_batch(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        auth = (await new_key("ingest", rate_limit=100), "")
        batch = {"batch": [VIEW, VIEW, {"type": "nonsense"}]}

        answer = await client.post("/v1/batch", json=batch, auth=auth)

        assert answer.headers["RateLimit"] == '"key";r=997;t=1'

    async def test_refuses_what_is_too_much_and_says_when_to_send_it_again(
        self, client: httpx.AsyncClient, new_key: NewKey, intake: FakeIntake
    ) -> None:
        auth = (await new_key("ingest", rate_limit=0.5), "")
        for _ in range(5):
            await client.post("/v1/track", json=VIEW, auth=auth)

        answer = await client.post("/v1/track", json=VIEW, auth=auth)

        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "2"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["RateLimit"] == '"key";r=0;t=10'
        assert answer.json()["code"] == "rate-limited"
        assert answer.json()["detail"] == (
            "The key 'shop' may send 0.5 messages a second; send this again in 2 seconds."
        )
        assert len(intake.taken) == 5

    async def test_is_its_own(self, client: httpx.AsyncClient, new_key: NewKey) -> None:
        busy, quiet = await new_key("ingest", rate_limit=0.1), await new_key("ingest", name="till")
        await client.post("/v1/track", json=VIEW, auth=(busy, ""))

        refused = await client.post("/v1/track", json=VIEW, auth=(busy, ""))
        taken = await client.post("/v1/track", json=VIEW, auth=(quiet, ""))

        assert (refused.status_code, taken.status_code) == (429, 200)

    async def test_is_the_gateways_unless_the_key_has_one(
        self, services: Services, new_key: NewKey
    ) -> None:
        plain, own = await new_key("ingest"), await new_key("ingest", rate_limit=7)
        unlimited = await new_key("ingest", rate_limit=0)

        async with gateway(services, rate_limit=50.0) as client:
            told = [
                (await client.post("/v1/track", json=VIEW, auth=(key, ""))).headers
                for key in (plain, own, unlimited)
            ]

        assert [headers.get("RateLimit-Policy") for headers in told] == [
            '"key";q=500;w=10',
            '"key";q=70;w=10',
            None,
        ]

    async def test_is_none_unless_there_is_a_setting(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/track", json=VIEW)

        assert "RateLimit" not in answer.headers


class TestWrongKeys:
    @pytest.fixture
    async def client(self, services: Services) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(services)
        app.state.mistakes = QuotaByAddress(*WRONG_KEYS, seconds=lambda: 0.0)  # time stands still
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client

    async def test_are_refused_unseen_after_a_minutes_worth_from_one_address(
        self, client: httpx.AsyncClient
    ) -> None:
        for number in range(60):
            await client.get("/v1/runs", auth=(f"dm_guess{number}", ""))

        answer = await client.get("/v1/runs", auth=("dm_guess", ""))

        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["detail"] == (
            "Too many wrong keys came from this address; send this again in 1 second."
        )

    async def test_are_counted_before_they_are_looked_up(self, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(client.get("/v1/runs", auth=(f"dm_guess{number}", "")) for number in range(70))
        )

        assert Counter(answer.status_code for answer in answers) == {401: 60, 429: 10}

    async def test_are_none_where_a_new_key_comes_a_hundred_times_at_once(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        auth = (await new_key("read"), "")

        answers = await asyncio.gather(
            *(client.get("/v1/runs", auth=auth) for _ in range(100)),
        )
        after = await client.get("/v1/runs", auth=("dm_guess", ""))

        assert Counter(answer.status_code for answer in answers) == {200: 100}
        assert after.status_code == 401

    async def test_never_lock_out_a_key_that_was_right_before(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        auth = (await new_key("read"), "")
        await client.get("/v1/runs", auth=auth)
        for number in range(61):
            await client.get("/v1/runs", auth=(f"dm_guess{number}", ""))

        answer = await client.get("/v1/runs", auth=auth)

        assert answer.status_code == 200


class TestPublicPages:
    @pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
    async def test_say_come_back_later_to_an_address_that_asks_without_end(
        self, services: Services, page: str
    ) -> None:
        app = create_app(services)
        app.state.visitors = QuotaByAddress(*VISITS, seconds=lambda: 0.0)  # time stands still
        app.state.visitors.of({"client": ("192.0.2.7", 40_000)}).spend(1_000)
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 50_000))

        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.get(f"/{page}/guessed")

        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Please try again in a moment" in answer.text
