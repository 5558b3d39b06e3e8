"""Whatever is in a message, its good neighbours are kept; on both databases."""

import json
from collections.abc import AsyncIterator, Sequence
from itertools import product
from typing import Any, Final, TypeVar

import httpx
import pytest
from sqlmodel import col, select

from api.app import Services, create_app
from config import Settings
from sending.links import Links
from store import tables
from store.sessions import Database
from tests.api.conftest import SECRET, NewKey
from tests.fakes.control import FakeControl
from tests.fakes.deliverer import FakeDeliverer
from tests.fakes.intakes import open_intake
from workflows.catalogue import CATALOGUE

Name = TypeVar("Name")

#: Values that some database, number type or reader is known to stumble over.
HOSTILE: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, -0.0, 10**18, -(10**18), 2**63, 2**64, 10**30, -(10**30), 10**300,
    1e308, 5e-324, 0.1 + 0.2, "", " ", "NaN", "Infinity", "-1", "1e400", "9" * 3_500, "\u0000",
    "a\u0000b", "\\u0000", "\\ud800", "\ufffe\uffff", "🦔" * 300, "x" * 3_500, "e\u0301" * 200,
    "\u202egnp.exe", "'; DROP TABLE event; --", "{{ 7*7 }}", "<script>alert(1)</script>", "${jndi}",
    "../../etc/passwd", "\r\nBcc: all@example.com", [], {}, [[]], [None], [1, "a", {}], {"": ""},
    {"\u0000": 1}, {"$ref": "#"}, {"__proto__": {}}, "2026-02-30", "0000-00-00", "9999-12-31",
    "not-a-date", 253_402_300_800, -62_135_596_801, "٣", "½",
)  # fmt: skip
#: Properties that are spoilt together.
PROPERTIES: Final = (
    ("order_id", "revenue", "rating", "query", "message_id", "list_id"),
    ("total", "currency", "coupon", "dwell_seconds", "run_id", "category"),
    ("products",),
    ("product_id", "sku", "name", "price", "quantity", "url", "image_url", "variant"),
)
TRAITS: Final = (
    "email", "phone", "firstName", "lastName", "locale", "timezone", "address", "birthday",
    "createdAt", "marketing_consent", "age", "company",
)  # fmt: skip
FIELDS: Final = (
    "messageId", "userId", "anonymousId", "timestamp", "sentAt", "originalTimestamp", "context",
    "event", "properties", "integrations", "channel", "version",
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def shop(
    settings: Settings, database: Database, new_key: NewKey
) -> AsyncIterator[httpx.AsyncClient]:
    """The shop's backend, before a gateway with the real intake."""
    async with open_intake(database, FakeDeliverer()) as intake:
        app = create_app(
            Services(
                settings=settings,
                database=database,
                intake=intake,
                control=FakeControl(),
                catalogue=CATALOGUE,
                links=Links(SECRET, settings.base_url),
            )
        )
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://gateway",
            auth=httpx.BasicAuth(await new_key("ingest", "read", "manage"), ""),
        ) as client:
            yield client


def track(number: int, **changed: Any) -> dict[str, Any]:
    message = {
        "type": "track",
        "messageId": f"m-{number}",
        "userId": "ada",
        "event": "Tent Pitched",
    }
    return {**message, **changed}


def order(number: int, **properties: Any) -> dict[str, Any]:
    bought = {"order_id": f"o-{number}", "products": [{"product_id": "tent", "price": 99}]}
    return track(number, event="Order Completed", properties={**bought, **properties})


async def kept(database: Database) -> set[str]:
    """The ids of the messages on record, without what followed from them."""
    async with database.reading() as session:
        found = await session.scalars(select(col(tables.Event.message_id)))
        return {message_id for message_id in found if ":" not in message_id}


async def send(shop: httpx.AsyncClient, messages: list[dict[str, Any]]) -> list[int]:
    """Send the messages, a good one after each; the indexes of those that were refused."""
    refused: list[int] = []
    for start in range(0, len(messages), 100):
        part = [
            each
            for place, message in enumerate(messages[start : start + 100], start)
            for each in (message, track(1_000_000 + place))
        ]
        sizes = {place: len(json.dumps(message)) for place, message in enumerate(part)}
        assert sum(sizes.values()) < 500_000
        answer = await shop.post("/v1/batch", content=json.dumps({"batch": part}))
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["success"] is True
        refused += [start + remark["index"] // 2 for remark in told.get("rejected", [])]
        assert all(remark["index"] % 2 == 0 for remark in told.get("rejected", []))
    return refused


def cannot_be_kept(value: Any) -> bool:
    """A NUL character: no PostgreSQL text holds it, and so no message may."""
    return "\\u0000" in json.dumps(value).replace("\\\\", "")


def every(names: Sequence[Name]) -> list[tuple[int, Name, Any]]:
    """Each name with each hostile value, numbered."""
    return [(n, *pair) for n, pair in enumerate(product(names, HOSTILE))]


class TestAHostileValue:
    async def test_of_a_property_costs_no_message_but_its_own(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        cases = every(PROPERTIES)
        messages = [order(n, **dict.fromkeys(names, value)) for n, names, value in cases]

        refused = await send(shop, messages)

        assert refused == [number for number, _, value in cases if cannot_be_kept(value)]
        assert await kept(database) == ids_of(messages, without=refused)

    async def test_of_a_products_field_costs_no_message_but_its_own(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        fields = ("product_id", "name", "price", "quantity", "category", "url", "image_url")
        cases = every(fields)
        messages = [
            order(number, products=[{"product_id": "tent", name: value}])
            for number, name, value in cases
        ]

        refused = await send(shop, messages)

        assert refused == [number for number, _, value in cases if cannot_be_kept(value)]
        assert await kept(database) == ids_of(messages, without=refused)

    async def test_of_a_trait_costs_no_message_but_its_own(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        cases = every(TRAITS)
        messages = [
            {**track(number), "type": "identify", "traits": {"age": 40, name: value}}
            for number, name, value in cases
        ]

        refused = await send(shop, messages)

        assert refused == [number for number, _, value in cases if cannot_be_kept(value)]
        assert await kept(database) == ids_of(messages, without=refused)

    async def test_of_a_field_costs_no_message_but_its_own(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        messages = [{**track(number), name: value} for number, name, value in every(FIELDS)]

        refused = await send(shop, messages)

        neighbours = {f"m-{1_000_000 + place}" for place in range(len(messages))}
        assert neighbours <= await kept(database)
        assert len(refused) < len(messages) / 2

    @pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/v1/products", {"id": "tent", "title": "Tent", "price": 9, "stock": 1}),
            ("POST", "/v1/journeys/win-back/runs", {"customer_id": "ada", "product_ids": []}),
            ("PUT", "/v1/journeys/win-back/settings", {"settings": {}, "version": 0}),
            ("PUT", "/v1/customers/ada/consents", {"consents": [], "evidence": {}}),
        ],
        ids=["product", "run", "settings", "consents"],
    )
    async def test_anywhere_else_is_taken_or_refused_with_a_reason(
        self, shop: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]
    ) -> None:
        for _, name, value in every(tuple(body)):
            answer = await shop.request(method, path, content=json.dumps({**body, name: value}))

            assert answer.status_code < 500, (name, value)
            assert answer.is_success or answer.json()["detail"]


class TestABatch:
    async def test_sent_twice_counts_once(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        batch = {"batch": [order(number) for number in range(50)] * 2}

        first = await shop.post("/v1/batch", json=batch)
        second = await shop.post("/v1/batch", json=batch)

        assert first.json() == second.json() == {"success": True}
        assert await kept(database) == {f"m-{number}" for number in range(50)}

    async def test_may_be_half_bad(self, shop: httpx.AsyncClient, database: Database) -> None:
        messages = [track(n) if n % 2 else {"type": "track", "event": n} for n in range(1_000)]

        answer = await shop.post("/v1/batch", json={"batch": messages})

        assert answer.status_code == 200
        assert answer.json()["success"] is True
        assert [remark["index"] for remark in answer.json()["rejected"]] == list(range(0, 1_000, 2))
        assert len(await kept(database)) == 500

    async def test_of_more_than_a_thousand_is_to_be_sent_in_parts(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        answer = await shop.post("/v1/batch", json={"batch": [track(n) for n in range(1_001)]})

        assert answer.status_code == 413
        assert answer.json()["code"] == "too-many-messages"
        assert answer.json()["detail"] == (
            "A batch holds 1,000 messages at most, and this one 1,001; nothing was kept: send it"
            " in parts."
        )
        assert await kept(database) == set()


class TestAnUnknownEvent:
    async def test_is_kept_and_starts_nothing(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        answer = await shop.post("/v1/track", json=track(1, event="Tent Pitched"))

        assert answer.json() == {"success": True}
        assert await kept(database) == {"m-1"}
        async with database.reading() as session:
            assert (await session.scalars(select(tables.Dispatch))).all() == []


def ids_of(messages: list[dict[str, Any]], without: list[int] | None = None) -> set[str]:
    """The ids of the messages that were to be kept, and of the good ones between them."""
    refused = set(without or ())
    own = {m["messageId"] for place, m in enumerate(messages) if place not in refused}
    return own | {f"m-{1_000_000 + place}" for place in range(len(messages))}
