"""However messages are grouped on their way in, the same follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.incoming import Incoming
from store import tables
from tests.fakes.clock import Clock
from tests.fakes.front_door import FrontDoor, open_front_door
from tests.migrated_file import MigratedFile

EVENTS = (
    *("Product Viewed", "Product Added", "Product Removed", "Cart Updated", "Cart Emptied"),
    *("Order Completed", "Order Refunded", "Order Delivered", "Page Viewed", "Unsubscribed"),
)


@dataclass(frozen=True)
class Said:
    """Something that a user says, or does, so many minutes after the one before."""

    what: str
    user: str
    after: int
    product: str
    consent: bool


messages = st.builds(
    Said,
    what=st.sampled_from((*EVENTS, "identify")),
    user=st.sampled_from(("ada", "bob")),
    after=st.integers(0, 40),
    product=st.sampled_from(("mug", "pot")),
    consent=st.booleans(),
)


def written(door: FrontDoor, said: Sequence[Said]) -> list[Incoming]:
    """The messages as the shop sends them, all after they happened."""
    ago = timedelta(minutes=sum(one.after for one in said))
    told = []
    for number, one in enumerate(said):
        ago -= timedelta(minutes=one.after)
        plain: dict[str, Any] = {"user": one.user, "ago": ago, "message_id": f"m-{number}"}
        if one.what == "identify":
            known: dict[str, Any] = {
                "email": f"{one.user}@example.org",
                "marketing_consent": one.consent,
            }
            told.append(door.identify(**plain, **known))
        else:
            about = {"product_id": one.product, "order_id": f"order-{one.product}"}
            told.append(door.track(one.what, **plain, about=about))
    return told


async def outcome(file: MigratedFile, said: Sequence[Said], sizes: Sequence[int]) -> dict[str, Any]:
    """What is on record after the messages came in groups of these sizes."""
    async with file.emptied() as database, open_front_door(database, clock=Clock()) as door:
        waiting, places = written(door, said), list(sizes)
        while waiting:
            size = places.pop(0) if places else 1
            await door.takes(*waiting[:size])
            waiting = waiting[size:]
        names = {c.id: c.external_id for c in await door.all(tables.Customer)}
        runs = await door.all(tables.Run)
        started_by = {run.id: run.started_by for run in runs}
        return {
            "events": sorted(
                (e.message_id, names[e.customer_id]) for e in await door.all(tables.Event)
            ),
            "runs": sorted((r.journey, r.key, r.started_by, names[r.customer_id]) for r in runs),
            "signals": [
                (started_by[row.run_id], row.name, row.payload["id"])
                for row in await door.all(tables.Dispatch)
                if row.kind == "signal"
            ],
            "consents": {c.external_id: c.consents for c in await door.all(tables.Customer)},
        }


class TestMessages:
    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(said=st.lists(messages, max_size=14), sizes=st.lists(st.integers(1, 20), max_size=4))
    @example(said=[Said("Product Viewed", "ada", 0, "mug", consent=False)] * 2, sizes=[4])
    async def test_mean_the_same_one_by_one_and_together(
        self, one_file: MigratedFile, said: list[Said], sizes: list[int]
    ) -> None:
        known = [Said("identify", user, 0, "mug", consent=True) for user in ("ada", "bob")]
        one_by_one = await outcome(one_file, [*known, *said], [])

        assert await outcome(one_file, [*known, *said], sizes) == one_by_one
