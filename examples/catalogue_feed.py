"""The nightly job of docs/how-to/products.md: a feed, one product in JSON a line, on its input."""

import json
import os
import sys
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

URL, KEY = os.environ["URL"], os.environ["KEY"]


def call(method: str, path: str, body: Any = None) -> Any:
    """What the gateway answers; a refusal ends the job."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(URL + path, data, headers, method=method)) as answer:  # noqa: S310 - our own URL
        return json.loads(answer.read() or "null")


def on_sale() -> set[str]:
    """The ids of all products that the catalogue holds now."""
    found: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        page = call("GET", f"/v1/products?limit=200&cursor={cursor}")
        found |= {item["id"] for item in page["items"] if not item["discontinued_at"]}
        cursor = page["next"]
    return found


def main() -> None:
    """Describe what the feed holds, and discontinue what it holds no more."""
    products = [json.loads(line) for line in sys.stdin if line.strip()]
    if not products:
        sys.exit("The feed is empty: nothing was changed.")
    for begin in range(0, len(products), 1_000):
        answer = call("POST", "/v1/products/batch", {"products": products[begin : begin + 1_000]})
        for bad in answer["rejected"]:
            print(f"Not kept: line {begin + bad['index'] + 1}: {bad['field']}: {bad['message']}")
    for gone in on_sale() - {str(product["id"]) for product in products}:
        call("DELETE", f"/v1/products/{quote(gone, safe='')}")


if __name__ == "__main__":
    main()
