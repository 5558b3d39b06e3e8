import re

import httpx


class TestReference:
    async def test_tells_every_operation_of_the_api(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()

        page = (await client.get("/docs")).text

        for path, methods in document["paths"].items():
            for operation in methods.values():
                assert f'<details id="{operation["operationId"]}">' in page
            assert f"<code>{path}</code>" in page

    async def test_tells_fields_with_type_and_meaning(self, client: httpx.AsyncClient) -> None:
        page = (await client.get("/docs")).text

        assert '<th scope="row"><code>event</code> <span class="required">required</span>' in page
        assert '<td class="type">date-time | null</td>' in page
        assert "like <code>Order Completed</code>" in page

    async def test_tells_which_ids_name_a_customer_wherever_one_is_asked_for(
        self, client: httpx.AsyncClient
    ) -> None:
        document = (await client.get("/openapi.json")).json()

        asked = [
            parameter["description"]
            for methods in document["paths"].values()
            for operation in methods.values()
            for parameter in operation.get("parameters", [])
            if parameter["name"] == "customer_id"
        ]
        started = document["components"]["schemas"]["RunRequest"]["properties"]["customer_id"]
        told = [*asked, started["description"]]
        understood = "The shop's id, or ours; of a visitor also a browser's."
        assert len(told) >= 8
        assert [words for words in told if not words.endswith(understood)] == []

    async def test_shows_how_to_try_a_call_in_a_shell(self, client: httpx.AsyncClient) -> None:
        page = (await client.get("/docs")).text

        assert (
            "curl -u &#34;$DORMOUSE_KEY:&#34; -X POST -H &#39;Content-Type: application/json&#39;"
            in page
        )
        assert "curl http://127.0.0.1:8000/healthz" in page

    async def test_loads_nothing_from_elsewhere(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/docs")

        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src")
        assert not re.search(r"<script|<link|<img|url\(|href=.https?:", page.text)

    async def test_is_in_english_whatever_the_shops_language(
        self, client: httpx.AsyncClient
    ) -> None:
        page = await client.get("/docs", headers={"Accept-Language": "de"})

        assert '<html lang="en">' in page.text

    async def test_is_where_visitors_of_the_root_are_led(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/")

        assert answer.status_code == 307
        assert answer.headers["Location"] == "/docs"
