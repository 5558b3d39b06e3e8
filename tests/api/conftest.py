"""The gateway as its callers meet it: the real application over a real database file."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import Services, create_app
from config import Settings
from sending.links import Links
from store import tables
from store.keys import create_key
from store.sessions import Database
from tests.fakes.control import FakeControl
from tests.fakes.intake import FakeIntake
from workflows.catalogue import CATALOGUE

SECRET = "a secret that is long enough to sign links"

NewKey = Callable[..., Awaitable[str]]
NewCustomer = Callable[..., Awaitable[str]]


@pytest.fixture
def intake() -> FakeIntake:
    return FakeIntake()


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path,
            "database_url": database_url,
            "secret_key": SECRET,
            "shop_name": "Hazel & Co",
        }
    )


@pytest.fixture
def services(
    settings: Settings, database: Database, intake: FakeIntake, control: FakeControl
) -> Services:
    return Services(
        settings=settings,
        database=database,
        intake=intake,
        control=control,
        catalogue=CATALOGUE,
        links=Links(SECRET, settings.base_url),
    )


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
def new_key(database: Database) -> NewKey:
    async def create(*scopes: str, name: str = "shop", rate_limit: float | None = None) -> str:
        async with database.writing() as session:
            return await create_key(
                session, name=name, scopes=scopes, now=datetime.now(UTC), rate_limit=rate_limit
            )

    return create


@pytest.fixture
async def shop(client: httpx.AsyncClient, new_key: NewKey) -> httpx.AsyncClient:
    """The shop's backend, with a key that may send events."""
    client.headers["Authorization"] = f"Bearer {await new_key('ingest')}"
    return client


@pytest.fixture
async def engineer(client: httpx.AsyncClient, new_key: NewKey) -> httpx.AsyncClient:
    """Somebody with a key that may do everything."""
    key = await new_key("ingest", "read", "manage", name="ada's laptop")
    client.headers["Authorization"] = f"Bearer {key}"
    return client


@pytest.fixture
def new_customer(database: Database) -> NewCustomer:
    async def create(**facts: Any) -> str:
        customer = tables.Customer(
            id="cus_1",
            created_at=datetime.now(UTC),
            **{
                "email": "ada@example.com",
                "locale": "en",
                "consents": {"marketing": ["email"]},
                **facts,
            },
        )
        async with database.writing() as session:
            session.add(customer)
        return customer.id

    return create


@pytest.fixture
async def unsubscribe(services: Services, new_customer: NewCustomer) -> str:
    """The link in a mail to Ada."""
    return services.links.unsubscribe(await new_customer(), "msg_1")
