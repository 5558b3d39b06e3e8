"""Whatever is sent to the gateway, the answer is a success or says what is wrong with it."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.app import Services, create_app
from config import Settings
from sending.links import Links
from store.keys import create_key
from store.migrations.run import migrate
from store.sessions import Database
from tests.fakes.control import FakeControl
from tests.fakes.intake import FakeIntake
from workflows.catalogue import CATALOGUE

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=15,
)
ids = st.none() | st.integers() | st.text(max_size=5) | any_json
times = st.none() | st.datetimes().map(datetime.isoformat) | st.integers() | any_json
messages = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]),
        **dict.fromkeys(("userId", "anonymousId", "messageId", "previousId", "groupId"), ids),
        **dict.fromkeys(("timestamp", "sentAt", "originalTimestamp"), times),
        **dict.fromkeys(("event", "properties", "traits", "context", "name"), any_json),
    },
)
batches = st.fixed_dictionaries(
    {"batch": st.lists(messages | any_json, max_size=4) | any_json},
    optional={"sentAt": times, "context": any_json},
)
path_values = st.sampled_from(("win-back", "4711")) | st.text(min_size=1, max_size=20)
query_names = st.sampled_from(("cursor", "limit", "status", "journey", "customer_id", "run_id"))
CALLS = ("track", "identify", "page", "screen", "group", "alias")


class Gateway:
    """The gateway on a loop of its own, for tests that are no coroutines."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._client = self._loop.run_until_complete(self._open(folder))

    @property
    def operations(self) -> list[tuple[str, str]]:
        """Every method and path that the documentation knows."""
        paths = self._app.openapi()["paths"]
        return [(method.upper(), path) for path, methods in paths.items() for method in methods]

    def request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        return self._loop.run_until_complete(self._client.request(method, path, **sent))

    def close(self) -> None:
        self._loop.run_until_complete(self._stack.aclose())
        self._loop.close()

    async def _open(self, folder: Path) -> httpx.AsyncClient:
        settings = Settings.model_validate({"data_dir": folder, "secret_key": "s" * 32})
        await migrate(settings.database)
        database = Database.open(settings.database)
        self._stack.push_async_callback(database.close)
        services = Services(
            settings=settings,
            database=database,
            intake=FakeIntake(),
            control=FakeControl(),
            catalogue=CATALOGUE,
            links=Links("s" * 32, settings.base_url),
        )
        self._app = create_app(services)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app),
            base_url="http://gateway",
            auth=httpx.BasicAuth(await new_key(database), ""),
        )
        return await self._stack.enter_async_context(client)


async def new_key(database: Database) -> str:
    async with database.writing() as session:
        scopes = ("ingest", "read", "manage")
        return await create_key(session, name="fuzz", scopes=scopes, now=datetime.now(UTC))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path_factory.mktemp("gateway"))
    yield gateway
    gateway.close()


def is_sound(answer: httpx.Response) -> bool:
    if answer.is_success or answer.headers["Content-Type"].startswith("text/html"):
        return answer.status_code < 500
    problem = answer.json()
    return (
        400 <= answer.status_code < 500
        and answer.headers["Content-Type"] == "application/problem+json"
        and problem["status"] == answer.status_code
        and bool(problem["code"] and problem["detail"])
    )


class TestAnyRequest:
    @given(call=st.sampled_from(CALLS), body=messages | any_json)
    def test_to_a_call_is_taken_or_refused(self, gateway: Gateway, call: str, body: object) -> None:
        answer = gateway.request("POST", f"/v1/{call}", content=json.dumps(body))

        assert is_sound(answer), answer.text

    @given(path=st.sampled_from(("batch", "import")), body=batches | any_json)
    def test_to_a_batch_is_taken_or_refused(
        self, gateway: Gateway, path: str, body: object
    ) -> None:
        answer = gateway.request("POST", f"/v1/{path}", content=json.dumps(body))

        assert is_sound(answer), answer.text

    @settings(max_examples=300)
    @given(data=st.data(), body=any_json)
    def test_to_any_path_is_answered_or_refused(
        self, gateway: Gateway, data: st.DataObject, body: object
    ) -> None:
        method, path = data.draw(st.sampled_from(gateway.operations))
        names = re.findall(r"{(\w+)}", path)
        values = {name: quote(data.draw(path_values), safe="") for name in names}
        query = data.draw(st.dictionaries(query_names, st.text(max_size=20), max_size=2))

        answer = gateway.request(
            method, path.format(**values), params=query, content=json.dumps(body)
        )

        assert is_sound(answer), f"{method} {path} {values} {query} {body}: {answer.text}"

    @given(
        path=st.sampled_from(("/v1/track", "/v1/batch", "/v1/webhooks/sendgrid")),
        body=st.binary(max_size=200),
        headers=st.dictionaries(
            st.sampled_from(("Content-Type", "Content-Encoding", "Authorization")),
            st.sampled_from(("gzip", "application/json", "text/plain", "Basic Og==", "", ";", "/")),
        ),
    )
    def test_of_any_bytes_is_refused(
        self, gateway: Gateway, path: str, body: bytes, headers: dict[str, str]
    ) -> None:
        answer = gateway.request("POST", path, content=body, headers=headers)

        assert is_sound(answer), answer.text
