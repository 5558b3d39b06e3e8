"""When people last decided on what they allow."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain.ids import new_customer_id
from store import tables
from store.consents import decided_since, look_up_decisions, record_words, words_gathered
from store.people import Person
from store.sessions import AsyncSession, Database
from store.writes import Writes
from tests.fakes.rows import NOON, ada, consent, keep

HOUR = timedelta(hours=1)


async def says(session: AsyncSession, channel: str) -> None:
    """Ada says something about a channel at noon."""
    await record_words(
        session,
        Person(id="cus_ada"),
        topic="marketing",
        words={channel: True},
        basis="express",
        source="identify",
        at=NOON,
    )


@pytest.fixture(params=["looked up", "asked one by one"])
def known(request: pytest.FixtureRequest) -> list[Person]:
    """Whose decisions are looked up beforehand."""
    spoke = Person("cus_ada", consents={"marketing": []})
    return [spoke] if request.param == "looked up" else []


class TestDecisions:
    async def test_are_those_after_the_moment(
        self, database: Database, known: list[Person]
    ) -> None:
        await keep(database, ada(), consent(NOON - HOUR, channel="sms"), consent(NOON - HOUR))
        await keep(database, consent(NOON + HOUR, granted=False))

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, known)
            decided = await decided_since(session, "cus_ada", NOON, topic="marketing")

        assert decided == {"email"}

    async def test_at_the_moment_itself_do_not_count(
        self, database: Database, known: list[Person]
    ) -> None:
        await keep(database, ada(), consent(NOON))

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, known)
            assert await decided_since(session, "cus_ada", NOON, topic="marketing") == set()

    async def test_about_something_else_do_not_count(
        self, database: Database, known: list[Person]
    ) -> None:
        await keep(database, ada(), consent(NOON + HOUR, topic="surveys"))

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, known)
            assert await decided_since(session, "cus_ada", NOON, topic="marketing") == set()

    async def test_of_whoever_was_found_to_be_them_count(
        self, database: Database, known: list[Person]
    ) -> None:
        visitor = new_customer_id()
        merged = ada(id=visitor, external_id=None, merged_into="cus_ada")
        await keep(database, ada(), merged, consent(NOON + HOUR, customer_id=visitor))

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, known)
            assert await decided_since(session, "cus_ada", NOON, topic="marketing") == {"email"}

    async def test_of_a_moment_ago_count_before_they_are_written(
        self, database: Database, known: list[Person]
    ) -> None:
        await keep(database, ada(), consent(NOON - HOUR))

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, known)
            await says(session, "sms")
            decided = await decided_since(session, "cus_ada", NOON - 2 * HOUR, topic="marketing")

        assert decided == {"email", "sms"}

    async def test_of_a_moment_ago_are_not_earlier_than_what_is_known(
        self, database: Database, known: list[Person]
    ) -> None:
        await keep(database, ada(), consent(NOON + HOUR))

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, known)
            await says(session, "email")
            assert await decided_since(session, "cus_ada", NOON, topic="marketing") == {"email"}

    async def test_of_somebody_who_never_spoke_are_known_without_the_database(
        self, database: Database
    ) -> None:
        await keep(database, ada())

        async with database.writing() as session, words_gathered(session, Writes()):
            await look_up_decisions(session, [Person("cus_ada")])
            await says(session, "email")
            decided = await decided_since(session, "cus_ada", NOON - HOUR, topic="marketing")
            written = await session.scalar(select(func.count()).select_from(tables.ConsentChange))

        assert (decided, written) == ({"email"}, 0)
