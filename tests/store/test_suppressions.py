"""Addresses that we must not write to."""

from datetime import timedelta

import pytest

from store.sessions import Database
from store.suppressions import address_key, suppress, suppressions_of
from tests.fakes.rows import NOON


class TestASuppressedAddress:
    @pytest.mark.parametrize(
        "written", ["ada@example.org", " Ada@Example.ORG\n", "ADA@example.org"]
    )
    async def test_is_recognised_however_it_is_written(
        self, database: Database, written: str
    ) -> None:
        async with database.writing() as session:
            await suppress(session, "ada@example.org", reason="bounced", source="sendgrid", at=NOON)

        async with database.reading() as session:
            found = await suppressions_of(session, written)

        assert [(row.scope, row.reason) for row in found] == [("all", "bounced")]

    def test_is_kept_as_a_hash_only(self) -> None:
        assert address_key("Ada@example.org") == (
            "cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d"
        )

    async def test_keeps_the_first_reason_of_each_scope(self, database: Database) -> None:
        later = NOON + timedelta(days=1)
        async with database.writing() as session:
            new = [
                await suppress(session, "a@b.example", reason="bounced", source="x", at=NOON),
                await suppress(session, "a@b.example", reason="manual", source="x", at=later),
                await suppress(
                    session, "a@b.example", reason="sunset", source="x", at=later, scope="marketing"
                ),
            ]

        async with database.reading() as session:
            found = await suppressions_of(session, "a@b.example")

        assert new == [True, False, True]
        assert [(row.scope, row.reason) for row in found] == [
            ("all", "bounced"),
            ("marketing", "sunset"),
        ]

    @pytest.mark.parametrize(
        ("first", "then", "kept"),
        [
            ("unsubscribed", "complained", "complained"),
            ("complained", "unsubscribed", "complained"),
            ("sunset", "manual", "manual"),
            ("unsubscribed", "sunset", "unsubscribed"),
            ("complained", "manual", "complained"),
        ],
    )
    async def test_keeps_the_reason_that_no_consent_lifts(
        self, database: Database, first: str, then: str, kept: str
    ) -> None:
        async with database.writing() as session:
            for reason in (first, then):
                await suppress(
                    session, "a@b.example", reason=reason, source=reason, at=NOON, scope="marketing"
                )

        async with database.reading() as session:
            found = await suppressions_of(session, "a@b.example")

        assert [(row.reason, row.source) for row in found] == [(kept, kept)]

    async def test_leaves_other_addresses_alone(self, database: Database) -> None:
        async with database.writing() as session:
            await suppress(session, "a@b.example", reason="bounced", source="x", at=NOON)

        async with database.reading() as session:
            assert await suppressions_of(session, "aa@b.example") == []
