"""Traffic like a shop's, the same each time."""

from collections import Counter
from itertools import islice

from benchmarks.intake.traffic import Message, traffic

MANY = 20_000


def messages(count: int, *, seed: int = 7) -> list[Message]:
    return list(islice(traffic(None, seed=seed), count))


def who(message: Message) -> str:
    return str(message.get("userId") or message.get("anonymousId"))


class TestTraffic:
    def test_is_the_same_for_the_same_seed(self) -> None:
        first, second = ([(who(m), m["messageId"]) for m in messages(500)] for _ in range(2))

        assert first == second

    def test_is_mostly_looks_and_some_carts_and_orders(self) -> None:
        names = Counter(m.get("event", m["type"]) for m in messages(MANY))

        assert (names["page"] + names["Product Viewed"]) / MANY > 0.8
        assert names["Product Added"] > names["Order Completed"] > 0

    def test_is_by_many_visitors_at_once(self) -> None:
        assert len({who(m) for m in messages(1_000)}) > 500

    def test_names_each_message_once(self) -> None:
        assert len({m["messageId"] for m in messages(MANY)}) == MANY

    def test_has_an_order_of_its_own_for_each_customer_and_visit(self) -> None:
        ordered: dict[str, set[str]] = {}
        for message in messages(MANY):
            if message.get("event") == "Order Completed":
                ordered.setdefault(message["properties"]["order_id"], set()).add(who(message))

        assert {len(customers) for customers in ordered.values()} == {1}
