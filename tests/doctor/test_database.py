import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doctor.database import look_at_database
from store.migrations.run import newest_revision
from tests.doctor.conftest import Configured, heard, now

on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"])


class TestADatabaseAsItShouldBe:
    async def test_is_at_this_versions_schema(
        self, configured: Configured, database_url: str
    ) -> None:
        findings = await heard(look_at_database(configured(database_url=database_url), now))

        assert findings == {
            "schema": (
                "ok",
                f"The database's schema is at {newest_revision()}, as this version wants it.",
            ),
            "database": ("ok", "SQLite answers; it is made for one machine."),
        }

    @on_postgresql
    async def test_has_room_and_the_right_time(
        self, configured: Configured, database_url: str
    ) -> None:
        findings = await heard(look_at_database(configured(database_url=database_url), now))

        assert {check: verdict for check, (verdict, _) in findings.items()} == {
            "schema": "ok",
            "database": "ok",
            "connections": "ok",
            "database's clock": "ok",
        }


class TestADatabaseThatIsWrong:
    async def test_was_never_migrated(self, configured: Configured, tmp_path: Path) -> None:
        settings = configured(database_url=f"sqlite:///{tmp_path}/new.db")

        findings = await heard(look_at_database(settings, now))

        assert findings == {
            "schema": ("failed", "The database has no tables: run `dormouse migrate`.")
        }

    async def test_is_of_another_version(self, configured: Configured, database_url: str) -> None:
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0000'")
            connection.commit()

        findings = await heard(look_at_database(configured(database_url=database_url), now))

        assert findings["schema"] == (
            "failed",
            (
                f"The database's schema is at 0000, this version works with {newest_revision()}: "
                "run `dormouse migrate`."
            ),
        )

    async def test_does_not_answer(self, configured: Configured) -> None:
        settings = configured(database_url="postgresql://dormouse:secret@127.0.0.1:1/shop")

        findings = await heard(look_at_database(settings, now))

        assert findings == {
            "database": (
                "failed",
                (
                    "The database shop on 127.0.0.1 does not answer; check that the server runs "
                    "and try again."
                ),
            )
        }

    @on_postgresql
    async def test_has_too_little_room(self, configured: Configured, database_url: str) -> None:
        crowded = f"{database_url}{'&' if '?' in database_url else '?'}pool_size=100"

        findings = await heard(look_at_database(configured(database_url=crowded), now))

        verdict, says = findings["connections"]
        assert verdict == "warning"
        assert says.endswith(
            "enough for 1 gateways and workers of up to 100 each: raise max_connections, or put "
            "pool_size=… into DORMOUSE_DATABASE_URL."
        )

    @on_postgresql
    async def test_lives_in_another_time(self, configured: Configured, database_url: str) -> None:
        findings = await heard(
            look_at_database(
                configured(database_url=database_url),
                lambda: datetime.now(UTC) + timedelta(minutes=1),
            )
        )

        assert findings["database's clock"] == (
            "failed",
            "The database's clock is 60 seconds behind this machine's: let both follow NTP.",
        )
