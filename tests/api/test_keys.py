import base64
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from sqlmodel import col, update

from api.app import Services, create_app
from api.keyring import Keyring, Principal
from store import tables
from store.sessions import Database
from tests.api.conftest import NewKey

VIEW = {"userId": "1", "event": "Product Viewed"}


class TestKey:
    async def test_is_taken_as_a_bearer_token(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        headers = {"Authorization": f"bearer {await new_key('ingest')}"}

        answer = await client.post("/v1/track", json=VIEW, headers=headers)

        assert answer.status_code == 200

    async def test_is_taken_as_the_user_name_of_basic_authentication(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        answer = await client.post("/v1/track", json=VIEW, auth=(await new_key("ingest"), ""))

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("authorization", "code"),
        [
            (None, "key-missing"),
            ("", "key-missing"),
            ("Bearer", "key-missing"),
            ("Digest abc", "key-missing"),
            ("Basic ???", "key-missing"),
            ("Basic " + base64.b64encode(b"\xff:").decode(), "key-missing"),
            ("Basic " + base64.b64encode(b":password").decode(), "key-missing"),
            ("Bearer dm_guessed", "key-unknown"),
        ],
    )
    async def test_is_asked_for_when_there_is_none_that_we_made(
        self, client: httpx.AsyncClient, authorization: str | None, code: str
    ) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}

        answer = await client.post("/v1/track", json=VIEW, headers=headers)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code

    async def test_is_refused_where_its_scopes_do_not_reach(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        key = await new_key("read", "manage", name="dashboard")

        answer = await client.post("/v1/track", json=VIEW, auth=(key, ""))

        assert answer.status_code == 403
        assert answer.json()["code"] == "scope-missing"
        assert answer.json()["detail"] == (
            "The key 'dashboard' lacks the scope 'ingest'; use one made with"
            " `dormouse keys create NAME --scope ingest`."
        )

    async def test_is_checked_before_the_body_is_looked_at(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/track", content=b"{")

        assert answer.status_code == 401

    async def test_cannot_be_checked_without_a_database_and_nobody_learns_why(
        self, services: Services
    ) -> None:
        gone = Database.open("sqlite+aiosqlite:////nowhere/at/all.db")
        transport = httpx.ASGITransport(create_app(replace(services, database=gone)))

        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.post("/v1/track", json=VIEW, auth=("dm_some", ""))
        await gone.close()

        assert answer.status_code == 503
        assert "nowhere" not in answer.text


class TestKeyring:
    async def test_believes_a_key_for_five_seconds_and_then_sees_that_it_was_revoked(
        self, database: Database, new_key: NewKey
    ) -> None:
        now = 100.0
        keyring = Keyring(database, seconds=lambda: now)
        key = await new_key("read")
        assert await keyring.principal_of(key) == Principal("shop", frozenset({"read"}))
        await revoke_everything(database)

        now = 104.9
        believed = await keyring.principal_of(key)
        now = 105.0
        seen = await keyring.principal_of(key)

        assert believed is not None
        assert seen is None

    async def test_finds_a_key_that_was_made_a_moment_ago(
        self, database: Database, new_key: NewKey
    ) -> None:
        keyring = Keyring(database)
        await keyring.principal_of("dm_unknown")

        assert await keyring.principal_of(await new_key("read")) is not None


async def revoke_everything(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(
            update(tables.ApiKey).values({col(tables.ApiKey.revoked_at): datetime.now(UTC)})
        )
