"""Finding people by the ids they go by, and what they allowed."""

from datetime import timedelta

from store.consents import consent_history, consents_in_force
from store.customers import anonymous_ids_of, customer_by_any_id, customer_by_id
from store.sessions import Database
from tests.fakes.rows import NOON, ada, consent, identity, keep

AN_HOUR = timedelta(hours=1)


def merged(customer_id: str, into: str) -> object:
    return ada(id=customer_id, external_id=None, merged_into=into)


class TestACustomer:
    async def test_is_found_by_the_shops_id(self, database: Database) -> None:
        await keep(database, ada(), identity("cus_ada", "4711"))

        async with database.reading() as session:
            found = await customer_by_any_id(session, "4711")

        assert found is not None
        assert found.id == "cus_ada"

    async def test_is_not_found_by_the_id_of_a_browser(self, database: Database) -> None:
        await keep(database, ada(), identity("cus_ada", "b-81", kind="anonymous"))

        async with database.reading() as session:
            assert await customer_by_any_id(session, "b-81") is None

    async def test_is_found_under_ids_that_were_merged_into_theirs(
        self, database: Database
    ) -> None:
        await keep(database, ada(), merged("cus_b", "cus_ada"), merged("cus_c", "cus_b"))

        async with database.reading() as session:
            found = await customer_by_id(session, "cus_c")

        assert found is not None
        assert found.id == "cus_ada"

    async def test_is_not_found_any_more_once_erased(self, database: Database) -> None:
        await keep(database, ada(erased_at=NOON))

        async with database.reading() as session:
            assert await customer_by_id(session, "cus_ada") is None

    async def test_is_recognised_in_several_browsers(self, database: Database) -> None:
        await keep(
            database,
            ada(),
            identity("cus_ada", "4711"),
            identity("cus_ada", "b-82", kind="anonymous"),
            identity("cus_ada", "b-81", kind="anonymous"),
        )

        async with database.reading() as session:
            assert await anonymous_ids_of(session, "cus_ada") == ["b-81", "b-82"]


class TestConsents:
    async def test_hold_as_last_said_for_each_topic_and_channel(self, database: Database) -> None:
        await keep(
            database,
            ada(),
            consent(NOON + AN_HOUR, granted=False, source="unsubscribe"),
            consent(NOON),
            consent(NOON, channel="sms"),
        )

        async with database.reading() as session:
            found = await consents_in_force(session, "cus_ada")

        assert [(c.channel, c.granted, c.source) for c in found] == [
            ("email", False, "unsubscribe"),
            ("sms", True, "api"),
        ]

    async def test_of_people_who_turned_out_to_be_one_count_together(
        self, database: Database
    ) -> None:
        await keep(
            database,
            ada(),
            merged("cus_b", "cus_ada"),
            consent(NOON),
            consent(NOON + AN_HOUR, customer_id="cus_b", granted=False),
        )

        async with database.reading() as session:
            history = await consent_history(session, "cus_ada")

        assert [(c.customer_id, c.granted) for c in history] == [
            ("cus_b", False),
            ("cus_ada", True),
        ]
