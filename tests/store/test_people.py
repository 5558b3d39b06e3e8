"""Customers as the intake reads and writes them, many at a time."""

from dataclasses import replace
from datetime import date, timedelta

from store.people import Person, add_people, locked_people, write_moments, write_people
from store.sessions import Database
from store.writes import Writes
from tests.fakes.rows import NOON

ADA = Person(
    id="cus_ada",
    external_id="4711",
    email="Ada@example.org",
    email_key="ada@example.org",
    phone="+431234567",
    first_name="Ada",
    last_name="Łovelace",
    locale="de-AT",
    timezone="Europe/Vienna",
    country="AT",
    bought_kind="soft",
    birthday=date(1990, 4, 23),
    attributes={"size": [38, None], "marketing_consent": ["email"]},
    consents={"marketing": ["email"]},
    pending={"marketing": ["sms"]},
    latest={"Product Viewed": "2026-03-02T12:00:00.000000+00:00"},
    last_active_at=NOON,
    last_ordered_at=NOON - timedelta(days=1, microseconds=1),
)
BEA = Person(id="cus_bea")


async def known(database: Database) -> dict[str, Person]:
    async with database.writing() as session:
        return await locked_people(session, ["cus_ada", "cus_bea", "cus_nobody"])


async def came(database: Database, *people: Person) -> None:
    async with database.writing() as session:
        add_people(writes := Writes(), [(person, NOON) for person in people])
        await writes.write_last(session)


class TestPeople:
    async def test_are_known_by_their_ids_and_when_they_were_there_at_first(
        self, database: Database
    ) -> None:
        await came(database, ADA, BEA)

        assert await known(database) == {
            "cus_ada": Person(
                id="cus_ada",
                external_id="4711",
                latest=ADA.latest,
                last_active_at=NOON,
            ),
            "cus_bea": BEA,
        }

    async def test_are_read_as_they_were_written(self, database: Database) -> None:
        await came(database, ADA, BEA)

        async with database.writing() as session:
            write_people(writes := Writes(), [ADA])
            await writes.write_last(session)

        assert await known(database) == {"cus_ada": ADA, "cus_bea": BEA}

    async def test_are_noted_when_they_were_last_there_and_nothing_else(
        self, database: Database
    ) -> None:
        await came(database, replace(ADA, latest={}, last_active_at=None), BEA)

        async with database.writing() as session:
            write_moments(writes := Writes(), [ADA, BEA])
            await writes.write_last(session)

        assert await known(database) == {
            "cus_ada": Person(
                id="cus_ada",
                external_id="4711",
                latest=ADA.latest,
                last_active_at=NOON,
            ),
            "cus_bea": BEA,
        }
