import logging

import httpx
import pytest

from domain.errors import Invalid, NotFound, Refused, Unavailable
from tests.fakes.intake import FakeIntake

VIEW = {"userId": "1", "event": "Product Viewed"}


class TestProblemDocument:
    async def test_tells_that_there_is_no_such_path(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/trak")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "code": "no-such-path",
            "detail": "There is nothing at /v1/trak; /docs lists all paths.",
        }

    async def test_tells_which_method_a_path_takes(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/track")

        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST"
        assert answer.json()["code"] == "method-not-allowed"
        assert answer.json()["detail"] == "/v1/track takes POST only."

    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (NotFound("There is no run 'x'."), 404, "not-found"),
            (Refused("run-ended", "The run is over."), 409, "run-ended"),
            (Invalid("settings.wait: too long", field="settings.wait"), 422, "invalid"),
            (Unavailable("Temporal does not answer."), 503, "unavailable"),
        ],
    )
    async def test_tells_the_domains_errors_in_their_own_words(
        self,
        shop: httpx.AsyncClient,
        intake: FakeIntake,
        error: Exception,
        status: int,
        code: str,
    ) -> None:
        intake.failures_ahead, intake.failure = 1, error

        answer = await shop.post("/v1/track", json=VIEW)

        assert answer.status_code == status
        assert answer.json()["code"] == code
        assert answer.json()["detail"] == str(error)

    async def test_names_the_field_that_is_wrong(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        intake.failures_ahead = 1
        intake.failure = Invalid("too long", field="settings.wait")

        answer = await shop.post("/v1/track", json=VIEW)

        assert answer.json()["errors"] == [{"field": "settings.wait", "message": "too long"}]

    async def test_hides_what_broke_inside_and_logs_it(
        self, shop: httpx.AsyncClient, intake: FakeIntake, caplog: pytest.LogCaptureFixture
    ) -> None:
        intake.failures_ahead, intake.failure = 1, RuntimeError("password=hunter2")

        with caplog.at_level(logging.ERROR, logger="api"):
            answer = await shop.post("/v1/track", json=VIEW)

        assert answer.status_code == 500
        assert answer.json()["code"] == "internal"
        assert "hunter2" not in answer.text
        assert "hunter2" in caplog.text


class TestOpenApi:
    async def test_describes_every_path_with_a_summary_and_a_tag(
        self, client: httpx.AsyncClient
    ) -> None:
        document = (await client.get("/openapi.json")).json()

        known_tags = {tag["name"] for tag in document["tags"]}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                assert operation["summary"], f"{method} {path}"
                assert set(operation["tags"]) <= known_tags, f"{method} {path}"
                assert operation["tags"], f"{method} {path}"

    async def test_resolves_every_reference(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()

        there = {
            f"#/components/{kind}/{name}"
            for kind, parts in document["components"].items()
            for name in parts
        }
        assert set(_references(document)) - there == set()

    async def test_offers_bearer_and_basic_authentication_by_scope(
        self, client: httpx.AsyncClient
    ) -> None:
        paths = (await client.get("/openapi.json")).json()["paths"]

        assert paths["/v1/track"]["post"]["security"] == [
            {"Bearer": ["ingest"]},
            {"Basic": ["ingest"]},
        ]
        assert paths["/v1/runs"]["get"]["security"] == [{"Bearer": ["read"]}, {"Basic": ["read"]}]

    async def test_tells_each_problem_that_an_operation_may_answer_with(
        self, client: httpx.AsyncClient
    ) -> None:
        paths = (await client.get("/openapi.json")).json()["paths"]

        answers = {
            (method, path): " ".join(operation["responses"])
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        assert answers["post", "/v1/batch"] == "200 400 401 403 413 415 429 500 503"
        assert answers["get", "/v1/runs"] == "200 401 403 422 429 500 503"
        assert (
            answers["post", "/v1/journeys/{journey}/runs"]
            == "200 201 400 401 403 404 409 413 415 422 429 500 503"
        )
        assert answers["get", "/unsubscribe/{token}"] == "200 404 429 500 503"
        assert answers["get", "/healthz"] == "200 500"

    async def test_shows_an_example_of_each_body(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()

        bodies = {
            (method, path): operation["requestBody"]["content"]["application/json"]
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if "requestBody" in operation
        }
        assert [place for place, body in bodies.items() if "example" not in body] == []


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []


class TestMethods:
    async def test_of_a_path_are_all_told_when_another_is_used(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await client.patch("/v1/customers/4711")

        assert answer.status_code == 405
        assert answer.headers["Allow"] == "HEAD, GET, DELETE"
        assert answer.json()["detail"] == "/v1/customers/4711 takes HEAD, GET, DELETE only."

    async def test_include_head_wherever_there_is_get(self, client: httpx.AsyncClient) -> None:
        answer = await client.head("/healthz")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
