"""What customers did before, asked about single moments."""

from datetime import datetime, timedelta

from domain.facts import facts_of
from store.past import MOST_LOOKED_AT, Alike, Before, events_alike, events_before
from store.sessions import Database
from tests.fakes.rows import NOON, ada, event, keep

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(minutes: float) -> datetime:
    """So many minutes before noon."""
    return NOON - minutes * MINUTE


async def before(database: Database, *asked: Before) -> list[tuple[str, str]]:
    """Whose events were found, and which."""
    async with database.reading() as session:
        return [(whose, found.id) for whose, found in await events_before(session, asked)]


async def alike(database: Database, *asked: Alike) -> list[str]:
    """Which events were found."""
    async with database.reading() as session:
        return sorted(found.id for _, found in await events_alike(session, asked))


class TestTheEventBefore:
    async def test_is_the_last_one_of_this_customer(self, database: Database) -> None:
        bea = ada(id="cus_bea", external_id="b")
        others = event("of bea", at(1), customer_id="cus_bea")
        await keep(database, ada(), bea, event("early", at(9)), event("late", at(5)), others)

        assert await before(database, Before("cus_ada", at(60), NOON)) == [("cus_ada", "late")]

    async def test_is_earlier_than_the_moment(self, database: Database) -> None:
        await keep(database, ada(), event("just then", NOON), event("earlier", at(5)))

        assert await before(database, Before("cus_ada", at(60), NOON)) == [("cus_ada", "earlier")]

    async def test_is_none_when_it_was_too_long_ago(self, database: Database) -> None:
        await keep(database, ada(), event("yesterday", at(1_440)))

        assert await before(database, Before("cus_ada", at(60), NOON)) == []

    async def test_is_each_of_those_of_one_moment(self, database: Database) -> None:
        await keep(database, ada(), event("page", at(5)), event("product", at(5)))

        found = await before(database, Before("cus_ada", at(60), NOON))

        assert sorted(found) == [("cus_ada", "page"), ("cus_ada", "product")]

    async def test_is_told_once_for_moments_that_share_it(self, database: Database) -> None:
        await keep(database, ada(), event("one", at(9)))

        found = await before(
            database, Before("cus_ada", at(60), at(1)), Before("cus_ada", at(60), NOON)
        )

        assert found == [("cus_ada", "one")]

    async def test_is_told_as_it_was_kept(self, database: Database) -> None:
        said = {"product_id": "mug", "price": 12.5}
        await keep(database, ada(), event("look", at(5), properties=said, is_history=True))

        async with database.reading() as session:
            [(_, found)] = await events_before(session, [Before("cus_ada", at(60), NOON)])

        assert (found.name, found.happened_at) == ("Product Viewed", at(5))
        assert (found.facts, found.properties, found.is_history) == (facts_of(said), said, True)


class TestEventsAlike:
    async def test_are_about_the_subject_and_in_the_time(self, database: Database) -> None:
        mug, jug = ({"subject": f"product:{name}"} for name in ("mug", "jug"))
        await keep(database, ada(), event("mug", at(5), **mug), event("jug", at(4), **jug))
        await keep(database, event("of old", at(61), **mug), event("now", NOON, **mug))

        asked = Alike("cus_ada", "product:mug", at(60), NOON)

        assert await alike(database, asked) == ["mug", "now"]

    async def test_are_looked_for_among_the_latest_only(self, database: Database) -> None:
        mug = {"subject": "product:mug"}
        looks = [event(f"look {n}", at(n)) for n in range(1, MOST_LOOKED_AT)]
        await keep(database, ada(), event("within", NOON, **mug), *looks)
        await keep(database, event("beyond", at(MOST_LOOKED_AT), **mug))

        asked = Alike("cus_ada", "product:mug", at(10_000), NOON)

        assert await alike(database, asked) == ["within"]
