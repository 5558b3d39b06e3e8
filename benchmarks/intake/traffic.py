"""Traffic of a shop: what a thousand visitors do at once, as Segment messages without end.

It is made from a recording (one Segment message a line, like the ones `dormouse replay` takes), or
from visits made up with the same mix. Visitors come in generations: every second one is made of
those who were there before, so that half of the traffic is by known customers.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

Message = Mapping[str, Any]
#: What one visitor does, in order.
Visit = Sequence[Message]

#: Visitors under way at once; the next message is from any of them.
_AT_ONCE: Final = 1_000
#: A pause that ends a visit, by Segment's and everybody's convention.
_PAUSE: Final = timedelta(minutes=30)
#: Who does more than this in a recording is no person but the shop's visitors under one id.
_MOST_OF_ONE: Final = 1_000
#: The mix of a real shop's clickstream, in parts of a thousand messages of a visit.
_MIX: Final = {
    "Page Viewed": 500,
    "Product Viewed": 380,
    "Pop-up Email Viewed": 56,
    "Product Added": 30,
    "Checkout Started": 26,
    "Pop-up Email Accepted": 4,
    "Order Completed": 4,
}
_PRODUCTS: Final = 400
_MADE_UP_VISITS: Final = 1_500
#: Of visitors who are known by name, and of those who agreed to mail.
_IDENTIFIED: Final = 0.15
_AGREED: Final = 0.9
_AVERAGE_VISIT: Final = 9


def traffic(recording: Path | None, *, seed: int) -> Iterator[Message]:
    """Messages without end, the same for the same seed."""
    dice = Random(seed)  # noqa: S311 - nobody's secret depends on it
    visits = recorded_visits(recording) if recording else made_up_visits(dice)
    visitors = _visitors(visits, dice)
    numbers = count()
    playing = [next(visitors) for _ in range(_AT_ONCE)]
    while True:
        turn = dice.randrange(_AT_ONCE)
        message = next(playing[turn], None)
        if message is None:
            playing[turn] = next(visitors)
        else:
            yield {
                **message,
                "messageId": f"traffic-{seed}-{next(numbers):032d}",
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }


def recorded_visits(recording: Path) -> list[Visit]:
    """Who did what in a recording."""
    by_user: dict[str, list[Message]] = defaultdict(list)
    for line in recording.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        by_user[message["userId"]].append(message)
    visits: list[Visit] = []
    for messages in by_user.values():
        visits += [messages] if len(messages) <= _MOST_OF_ONE else _split(messages)
    return visits


def made_up_visits(dice: Random) -> list[Visit]:
    """Visits with the mix of a real shop."""
    return [_made_up_visit(dice) for _ in range(_MADE_UP_VISITS)]


def _visitors(visits: Sequence[Visit], dice: Random) -> Iterator[Iterator[Message]]:
    for generation in count():
        for number in dice.sample(range(len(visits)), len(visits)):
            # Who comes in an odd generation was there in the even one before.
            visitor, comes_again = f"{generation // 2}-{number}", generation % 2 == 1
            visit = _again(visits[number]) if comes_again else visits[number]
            yield _as(visitor, visit, order=f"{generation}-{number}")


def _again(visit: Visit) -> Visit:
    """The visit by somebody who is told about as they were told about last."""
    told = [message for message in visit if message["type"] == "identify"]
    return [told[-1] if message["type"] == "identify" else message for message in visit]


def _as(visitor: str, visit: Visit, *, order: str) -> Iterator[Message]:
    """A visit, done by `visitor` this time."""
    is_user = any(message["type"] == "identify" for message in visit)
    who = {"userId" if is_user else "anonymousId": f"visitor-{visitor}"}
    for message in visit:
        if message["type"] == "identify":
            traits = {**message["traits"], "email": f"visitor-{visitor}@example.com"}
            yield {"type": "identify", **who, "traits": traits}
        else:
            properties = _described(message.get("properties") or {})
            if "order_id" in properties:
                properties["order_id"] = f"{order}-{properties['order_id']}"
            yield {**_call(message), **who, "properties": properties}


def _call(message: Message) -> dict[str, Any]:
    return {name: message[name] for name in ("type", "event", "name") if name in message}


def _described(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a product, with all that Segment's specification asks for.

    At one time a product has one price; a recording of years, told in a minute, has many.
    """
    product = properties.get("product_id")
    if product is None:
        return dict(properties)
    number = sum(map(ord, str(product)))
    return {
        "name": f"Product {product}",
        "category": f"Category {number % 12}",
        "currency": "EUR",
        "url": f"https://shop.example/products/{product}",
        "image_url": f"https://shop.example/images/{product}.jpg",
        **properties,
        "price": number % 100 + 0.9,
    }


def _split(messages: Sequence[Message]) -> list[Visit]:
    visits, visit = [], [messages[0]]
    for before, message in pairwise(messages):
        if _moment(message) - _moment(before) > _PAUSE:
            visits.append(visit)
            visit = []
        visit.append(message)
    return [*visits, visit]


def _moment(message: Message) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


def _made_up_visit(dice: Random) -> Visit:
    length = 1 + int(dice.expovariate(1 / _AVERAGE_VISIT))
    names = dice.choices(list(_MIX), weights=list(_MIX.values()), k=length)
    visit: list[Message] = [_made_up(name, dice) for name in names]
    if dice.random() > _IDENTIFIED:
        return visit
    traits: dict[str, Any] = {
        "firstName": "Robin",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "createdAt": "2024-01-01T00:00:00Z",
        "marketing_consent": dice.random() < _AGREED,
    }
    identify: Message = {"type": "identify", "traits": traits}
    return [identify, *visit]


def _made_up(name: str, dice: Random) -> Message:
    if name == "Page Viewed":
        return {"type": "page", "properties": {}}
    products: list[dict[str, Any]] = [
        {"product_id": f"p-{dice.randrange(_PRODUCTS)}", "price": 24.9, "quantity": 1}
        for _ in range(dice.randint(1, 3))
    ]
    properties: dict[str, Any] = {}
    if name.startswith("Product"):
        properties = products[0]
    elif name in {"Checkout Started", "Order Completed"}:
        total = sum(product["price"] for product in products)
        properties = {"order_id": "1", "products": products, "total": total, "currency": "EUR"}
    return {"type": "track", "event": name, "properties": properties}
