"""Transactions whose server falls silent, or ends their session."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from domain.errors import Unavailable
from store.sessions import AsyncSession, Database
from tests.fakes.friends import (
    end,
    friends,
    meet,
    silence,
    write,
)
from tests.fakes.relay import Relay

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])


class TestAServer:
    async def test_that_falls_silent_before_a_transaction_begins_is_given_up(
        self, relay: Relay
    ) -> None:
        database = Database.open(relay.url, answers_within=0.5)
        assert await friends(database) == []
        relay.falls_silent()

        with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
            await asyncio.wait_for(write(database), timeout=10)

        relay.speaks_again()
        assert await friends(database) == []
        await database.close()

    async def test_that_falls_silent_before_a_transaction_is_committed_is_given_up(
        self, relay: Relay
    ) -> None:
        database = Database.open(relay.url, answers_within=0.5)

        with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
            await asyncio.wait_for(write(database, meet, lambda _: silence(relay)), timeout=10)

        relay.speaks_again()
        await write(database, lambda session: meet(session, 2, 2))
        assert (2,) in await friends(database)
        await database.close()

    async def test_that_ends_a_session_before_it_is_committed_is_told_of(
        self, known: Database
    ) -> None:
        with pytest.raises(Unavailable, match=r"does not answer|stopping or starting"):
            await write(known, meet, lambda session: end(session, known))

        assert await friends(known) == []

    async def test_that_ends_a_session_is_told_of_to_all_who_ask_in_it(
        self, known: Database
    ) -> None:
        async def two_ask(session: AsyncSession) -> None:
            first, second = await asyncio.gather(
                meet(session, 2, 2), meet(session, 3, 3), return_exceptions=True
            )
            assert isinstance(first, DBAPIError)
            assert isinstance(second, DBAPIError)
            raise second

        with pytest.raises(Unavailable):
            await write(known, meet, lambda session: end(session, known), two_ask)

        assert await friends(known) == []

    async def test_that_ends_a_session_ends_its_transaction(self, known: Database) -> None:
        async def go_on(session: AsyncSession) -> None:
            with suppress(DBAPIError):
                await meet(session, 2, 2)
            await session.execute(text("INSERT INTO friend VALUES (3, 3)"))

        with pytest.raises(InvalidRequestError):
            await write(known, meet, lambda session: end(session, known), go_on)

        assert await friends(known) == []
