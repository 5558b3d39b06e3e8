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

        schemas = set(document["components"]["schemas"])
        references = set(_references(document))
        assert {name.removeprefix("#/components/schemas/") for name in references} <= schemas

    async def test_offers_bearer_and_basic_authentication(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()

        assert document["paths"]["/v1/track"]["post"]["security"] == [{"Bearer": []}, {"Basic": []}]


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []
