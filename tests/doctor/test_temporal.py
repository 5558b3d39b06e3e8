"""A real Temporal server, set up by the commands that the doctor and the compose file give."""

import re
from datetime import timedelta

import pytest

from doctor.temporal import look_at_temporal
from local.ports import free_port
from store.namespaces import remember_namespace
from store.sessions import Database
from tests.doctor.conftest import Configured, heard, now
from tests.doctor.operating import at_work, until, until_seen
from tests.fakes.operated import Server


@pytest.mark.usefixtures("use")
class TestATemporalAsItShouldBe:
    async def test_was_prepared_by_the_compose_file_and_has_workers(
        self, configured: Configured, server: Server, database: Database
    ) -> None:
        async with at_work(database) as name:
            findings = await until_seen(configured)

        temporal = findings.pop("temporal")
        assert temporal[0] == "ok"
        assert temporal[1].endswith(f" answers at {server.address}.")
        assert findings == {
            "namespace": ("ok", "Temporal has the namespace 'shop'."),
            "retention": ("ok", "Temporal keeps runs that ended for 30 days."),
            "search attributes": (
                "ok",
                "Runs can be searched by customer and by version of settings.",
            ),
            "workers": ("ok", f"Workers take up journeys and sending: {name}."),
            "version": ("ok", "Workers are unversioned."),
            "temporal's clock": ("ok", "Temporal's clock is not ahead of this machine's."),
            "runs": ("ok", "No run fails again and again."),
        }


@pytest.mark.usefixtures("use")
class TestATemporalThatIsWrong:
    async def test_does_not_answer(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port = free_port()
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")

        findings = await heard(look_at_temporal(configured(), now))

        assert findings == {
            "temporal": (
                "failed",
                (
                    f"Temporal does not answer at 127.0.0.1:{port}: start it (`dormouse up` does) "
                    "or set TEMPORAL_ADDRESS."
                ),
            )
        }

    async def test_has_no_such_namespace(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "bakery")

        findings = await heard(look_at_temporal(configured(), now))

        assert findings["namespace"] == (
            "failed",
            (
                "Temporal has no namespace 'bakery': make it with `temporal operator namespace "
                "create --namespace bakery --retention 30d`, or correct TEMPORAL_NAMESPACE."
            ),
        )

    async def test_is_not_where_the_runs_are(
        self, configured: Configured, server: Server, database: Database, database_url: str
    ) -> None:
        async with database.writing() as session:
            await remember_namespace(session, namespace_id="5f0e", name="shop", now=now())

        findings = await heard(look_at_temporal(configured(database_url=database_url), now))

        assert findings["namespace"] == (
            "failed",
            (
                "This database's runs are in Temporal's namespace 'shop' with the id 5f0e, which "
                f"'shop' at {server.address} is not: correct TEMPORAL_ADDRESS and "
                "TEMPORAL_NAMESPACE or, if Temporal was moved or lost, stop gateways and workers "
                "and run `dormouse forget-namespace`."
            ),
        )

    async def test_forgets_too_soon_and_knows_no_search_attributes_until_it_is_told(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch, server: Server
    ) -> None:
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "default")

        before = await heard(look_at_temporal(configured(), now))
        for check in ("retention", "search attributes"):
            server.does(before[check][1])
        after = await until(configured, "search attributes")

        assert before["retention"] == (
            "failed",
            (
                "Temporal forgets runs 1 days after their end: keep them for 30 with `temporal "
                "operator namespace update --namespace default --retention 30d`."
            ),
        )
        assert before["search attributes"] == (
            "failed",
            (
                "Temporal does not know the keywords DormouseCustomer and DormouseJourneyVersion, "
                "and no run can start: add them with `temporal operator search-attribute create "
                "--namespace default --name DormouseCustomer --type Keyword "
                "--name DormouseJourneyVersion --type Keyword` (on Temporal Cloud: in the "
                "namespace's settings)."
            ),
        )
        assert (after["retention"][0], after["search attributes"][0]) == ("ok", "ok")

    async def test_has_nobody_at_work(
        self, configured: Configured, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.is_prepared("idle")
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "idle")

        findings = await heard(look_at_temporal(configured(), now))

        assert findings["workers"] == (
            "failed",
            (
                "No worker takes up journeys and sending, so that runs sleep on: start `dormouse "
                "worker` with this TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or see its log."
            ),
        )

    async def test_lives_ahead_of_us(self, configured: Configured, database: Database) -> None:
        async with at_work(database):
            await until_seen(configured)
            findings = await heard(
                look_at_temporal(configured(), lambda: now() - timedelta(minutes=1))
            )

        verdict, says = findings["temporal's clock"]
        assert verdict == "failed"
        assert re.fullmatch(
            r"Temporal's clock is \d\d seconds ahead of this machine's: let both follow NTP\.",
            says,
        )
