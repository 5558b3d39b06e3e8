from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx

from api.app import Services, create_app
from sending.links import Links
from store import tables
from store.sessions import Database
from tests.fakes.control import FakeControl
from tests.fakes.intake import FakeIntake
from tests.fakes.rows import ada, keep, run


class TestHealth:
    async def test_tells_that_the_gateway_is_alive(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/healthz")

        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"
        assert answer.json()["time_scale"] == 1.0
        assert answer.json()["version"]

    async def test_tells_gateways_with_other_keys_apart(
        self, services: Services, client: httpx.AsyncClient
    ) -> None:
        other = replace(
            services, links=Links("another secret of thirty-two chars", "https://x.example")
        )
        app = create_app(other)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://other"
        ) as stranger:
            instances = [(await c.get("/healthz")).json()["instance"] for c in (client, stranger)]

        assert instances[0] != instances[1]
        assert instances[0] == services.links.fingerprint

    async def test_needs_neither_database_nor_temporal(
        self, services: Services, control: FakeControl
    ) -> None:
        control.reachable = False

        async with without_database(services) as client:
            answer = await client.get("/healthz")

        assert answer.status_code == 200


class TestReadiness:
    async def test_is_there_when_all_parts_answer(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/readyz")

        assert answer.status_code == 200
        assert answer.json() == {
            "ready": True,
            "stopping": False,
            "database": True,
            "temporal": True,
            "worker": True,
        }

    async def test_is_not_there_without_a_worker(
        self, client: httpx.AsyncClient, control: FakeControl
    ) -> None:
        control.worker = False

        answer = await client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "stopping": False,
            "database": True,
            "temporal": True,
            "worker": False,
        }

    async def test_is_not_there_without_a_database(self, services: Services) -> None:
        async with without_database(services) as client:
            answer = await client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["database"] is False


class TestMetrics:
    async def test_count_what_was_taken_and_what_was_refused(self, shop: httpx.AsyncClient) -> None:
        batch = [{"type": "track", "userId": "1", "event": "A"}, {"type": "track"}]
        await shop.post("/v1/batch", json={"batch": batch})
        await shop.post("/v1/identify", json={"userId": "1"})

        metrics = (await shop.get("/metrics")).text

        assert 'dormouse_events_accepted_total{call="track"} 1.0' in metrics
        assert 'dormouse_events_accepted_total{call="identify"} 1.0' in metrics
        assert "dormouse_events_rejected_total 1.0" in metrics
        assert "dormouse_messages_per_request_sum 3.0" in metrics
        assert "dormouse_commit_seconds_count 2.0" in metrics

    async def test_tell_how_much_waits_for_temporal_and_how_long(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        at = datetime.now(UTC) - timedelta(minutes=5)
        letter = tables.Dispatch(
            run_id="run_1", kind="start", name="win-back", leased_until=at, created_at=at
        )
        await keep(database, ada(), run("run_1"), letter)

        metrics = (await client.get("/metrics")).text

        assert "dormouse_dispatch_backlog 1.0" in metrics
        assert "dormouse_dispatch_oldest_seconds 30" in metrics

    async def test_tell_whether_a_worker_is_given_journeys(
        self, client: httpx.AsyncClient, control: FakeControl
    ) -> None:
        at_work = (await client.get("/metrics")).text
        control.worker = False
        at_rest = (await client.get("/metrics")).text

        assert "dormouse_worker_seen 1.0" in at_work
        assert "dormouse_worker_seen 0.0" in at_rest

    async def test_tell_that_nothing_waits(self, client: httpx.AsyncClient) -> None:
        metrics = (await client.get("/metrics")).text

        assert "dormouse_dispatch_backlog 0.0" in metrics
        assert "dormouse_dispatch_oldest_seconds 0.0" in metrics

    async def test_time_requests_by_the_templates_of_routes_alone(
        self, client: httpx.AsyncClient
    ) -> None:
        await client.get("/unsubscribe/one")
        await client.get("/unsubscribe/two")
        await client.get("/guessed/path")

        metrics = (await client.get("/metrics")).text

        route = 'method="GET",route="/unsubscribe/{token}",status="404"'
        assert f"dormouse_request_seconds_count{{{route}}} 2.0" in metrics
        assert "guessed" not in metrics

    async def test_belong_to_one_application(
        self, shop: httpx.AsyncClient, services: Services
    ) -> None:
        await shop.post("/v1/track", json={"userId": "1", "event": "A"})

        async with client_of(services) as other:
            metrics = (await other.get("/metrics")).text

        assert 'call="track"' not in metrics

    async def test_are_told_while_the_database_is_away(self, services: Services) -> None:
        async with without_database(services) as client:
            answer = await client.get("/metrics")

        assert answer.status_code == 200
        assert "dormouse_dispatch_backlog NaN" in answer.text


class TestLifespan:
    async def test_opens_the_services_at_the_start_and_closes_them_at_the_end(
        self, services: Services
    ) -> None:
        steps: list[str] = []

        class Opening:
            async def __aenter__(self) -> Services:
                steps.append("opened")
                return replace(services, intake=FakeIntake())

            async def __aexit__(self, *_: object) -> None:
                steps.append("closed")

        app = create_app(Opening)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://g") as client:
                steps.append(str((await client.get("/readyz")).status_code))

        assert steps == ["opened", "200", "closed"]


def without_database(services: Services) -> httpx.AsyncClient:
    gone = Database.open("sqlite+aiosqlite:////nowhere/at/all.db")
    return client_of(replace(services, database=gone))


def client_of(services: Services) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")
