from contextlib import suppress

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api import errors
from api.paging import Page, PageDep, PageRequest, SortKey, read_cursor, write_cursor
from domain.errors import Invalid

ROWS = [f"row-{number:03}" for number in range(120)]
_BEHIND = TypeAdapter(tuple[str])


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()
    errors.install(app)

    @app.get("/rows")
    async def rows(page: PageDep) -> Page[str]:
        behind = page.behind(_BEHIND)
        found = [row for row in ROWS if behind is None or row > behind[0]][: page.fetch]
        return page.page(found, key=lambda row: (row,), show=str.upper)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


class TestPages:
    async def test_show_every_row_once_and_then_end(self, client: httpx.AsyncClient) -> None:
        seen: list[str] = []
        pages = 0
        cursor: str | None = None

        while pages == 0 or cursor:
            params = {"cursor": cursor} if cursor else {}
            page = (await client.get("/rows", params=params)).json()
            seen += page["items"]
            cursor = page["next"]
            pages += 1

        assert seen == [row.upper() for row in ROWS]
        assert pages == 3

    async def test_end_without_a_cursor_when_the_last_one_is_full(
        self, client: httpx.AsyncClient
    ) -> None:
        page = (await client.get("/rows", params={"limit": 120})).json()

        assert len(page["items"]) == 120
        assert page["next"] is None

    @pytest.mark.parametrize("limit", ["0", "201", "many"])
    async def test_have_a_size_within_reason(self, client: httpx.AsyncClient, limit: str) -> None:
        answer = await client.get("/rows", params={"limit": limit})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "limit"

    @pytest.mark.parametrize(
        "cursor", ["nonsense!", "e30", "bnVsbA", "WzEsMl0", "WyJhIiwiYiJd", "é", "W10x" * 600]
    )
    async def test_refuse_a_cursor_that_this_list_did_not_give(
        self, client: httpx.AsyncClient, cursor: str
    ) -> None:
        answer = await client.get("/rows", params={"cursor": cursor})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "cursor"


class TestCursor:
    @given(st.lists(st.text() | st.integers()).map(tuple))
    def test_comes_back_as_it_was_written(self, key: SortKey) -> None:
        assert read_cursor(write_cursor(key)) == key

    @given(st.text())
    def test_can_be_any_text_and_is_read_or_refused(self, cursor: str) -> None:
        with suppress(Invalid):
            assert isinstance(read_cursor(cursor), tuple)

    def test_is_none_at_the_beginning(self) -> None:
        assert PageRequest(limit=50).behind(_BEHIND) is None
