"""Runs, as engineers look at them and take them in hand."""

from datetime import timedelta

import httpx
import pytest

from domain.journeys import RunPosition, RunStatus
from store import tables
from store.audits import audits_of
from store.sessions import Database
from tests.api.conftest import NewKey
from tests.fakes.control import FakeControl
from tests.fakes.rows import NOON, ada, identity, keep, message, run

WORKFLOW = "cart-abandonment/cus_ada/run_1"
WAITING = RunPosition(
    status=RunStatus.WAITING,
    step="kept-for-you",
    waiting_for="1 day, unless 'Email Link Clicked'",
    wakes_at=NOON + timedelta(days=1),
)


@pytest.fixture
async def ada_waits(database: Database, control: FakeControl) -> None:
    await keep(database, ada(), identity("cus_ada", "4711"), run(), message())
    control.runs[WORKFLOW] = WAITING


@pytest.mark.usefixtures("ada_waits")
class TestARun:
    async def test_tells_where_it_is_and_what_it_sent(self, engineer: httpx.AsyncClient) -> None:
        shown = (await engineer.get("/v1/runs/run_1")).json()

        messages = shown.pop("messages")
        assert shown == {
            "id": "run_1",
            "journey": "cart-abandonment",
            "customer_id": "4711",
            "key": "",
            "status": "waiting",
            "stuck": None,
            "step": "kept-for-you",
            "waiting_for": "1 day, unless 'Email Link Clicked'",
            "wakes_at": "2026-03-03T12:00:00Z",
            "entered_at": "2026-03-02T12:00:00Z",
            "ended_at": None,
            "exit_reason": None,
            "failure": None,
            "variant": None,
            "settings_version": 0,
            "workflow_id": WORKFLOW,
            "temporal_url": "http://127.0.0.1:8233/namespaces/default/workflows/"
            "cart-abandonment%2Fcus_ada%2Frun_1",
        }
        assert [(m["id"], m["step"], m["status"], m["to"]) for m in messages] == [
            ("msg_1", "kept-for-you", "accepted", "ada@example.org")
        ]

    async def test_is_shown_as_last_recorded_while_temporal_is_away(
        self, engineer: httpx.AsyncClient, control: FakeControl
    ) -> None:
        control.reachable = False

        answer = await engineer.get("/v1/runs/run_1")

        assert answer.status_code == 200
        assert answer.json()["waiting_for"] is None

    async def test_says_how_its_story_fails(
        self, engineer: httpx.AsyncClient, control: FakeControl
    ) -> None:
        control.mistakes[WORKFLOW] = "AttributeError: 'Times' object has no attribute 'last'"

        shown = (await engineer.get("/v1/runs/run_1")).json()

        assert (shown["waiting_for"], shown["stuck"]) == (
            None,
            (
                "The story fails with AttributeError: 'Times' object has no attribute 'last' "
                "whenever the run wakes: mend the journey and deploy, then the run goes on by "
                "itself."
            ),
        )

    async def test_that_nobody_knows_is_a_problem(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.get("/v1/runs/run_9")

        assert answer.status_code == 404
        assert answer.json()["code"] == "not-found"
        assert answer.json()["detail"] == "There is no run 'run_9'; GET /v1/runs lists them."

    async def test_needs_a_key_that_may_read(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        key = await new_key("manage")

        answer = await client.get("/v1/runs/run_1", headers={"Authorization": f"Bearer {key}"})

        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


@pytest.mark.usefixtures("ada_waits")
class TestTakingARunInHand:
    async def test_pauses_it(self, engineer: httpx.AsyncClient, control: FakeControl) -> None:
        answer = await engineer.post("/v1/runs/run_1/pause")

        assert (answer.status_code, answer.json()["status"]) == (200, "paused")
        assert control.runs[WORKFLOW].status is RunStatus.PAUSED

    async def test_shows_in_the_list(self, engineer: httpx.AsyncClient) -> None:
        await engineer.post("/v1/runs/run_1/pause")

        listed = (await engineer.get("/v1/runs", params={"status": "paused"})).json()

        assert [run["id"] for run in listed["items"]] == ["run_1"]

    async def test_resumes_it(self, engineer: httpx.AsyncClient) -> None:
        await engineer.post("/v1/runs/run_1/pause")

        answer = await engineer.post("/v1/runs/run_1/resume")

        assert answer.json()["status"] == "waiting"

    async def test_fast_forwards_it(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.post("/v1/runs/run_1/fast-forward")

        assert answer.json()["wakes_at"] is None

    async def test_ends_it_with_a_reason(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.post("/v1/runs/run_1/end", json={"reason": "called-us"})

        assert (answer.json()["status"], answer.json()["exit_reason"]) == ("ended", "called-us")

    async def test_ends_it_without_one(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.post("/v1/runs/run_1/end")

        assert answer.json()["exit_reason"] == "ended-by-hand"

    async def test_leaves_it_to_the_run_to_record_its_end(
        self, engineer: httpx.AsyncClient
    ) -> None:
        await engineer.post("/v1/runs/run_1/end")

        listed = (await engineer.get("/v1/runs", params={"status": "ended"})).json()

        assert listed["items"] == []

    @pytest.mark.parametrize("verb", ["pause", "resume", "fast-forward", "end"])
    async def test_waits_until_temporal_was_told_of_it(
        self, engineer: httpx.AsyncClient, database: Database, verb: str
    ) -> None:
        start = tables.Dispatch(
            run_id="run_1", kind="start", name="", leased_until=NOON, created_at=NOON
        )
        await keep(database, start)

        answer = await engineer.post(f"/v1/runs/run_1/{verb}")

        assert (answer.status_code, answer.json()["detail"]) == (
            503,
            "Temporal has not been told of this run yet; try again in a moment.",
        )

    async def test_refuses_a_reason_that_is_no_word(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.post("/v1/runs/run_1/end", json={"reason": "Called us!"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "reason"

    async def test_is_kept_in_the_audit_trail(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        await engineer.post("/v1/runs/run_1/pause")
        await engineer.post("/v1/runs/run_1/end", json={"reason": "called-us"})

        async with database.reading() as session:
            trail = await audits_of(session, "run_1")

        assert [(entry.action, entry.actor, entry.detail) for entry in trail] == [
            ("run.ended", "ada's laptop", {"reason": "called-us"}),
            ("run.paused", "ada's laptop", {}),
        ]

    async def test_is_refused_when_nothing_waits(
        self, engineer: httpx.AsyncClient, control: FakeControl
    ) -> None:
        control.runs[WORKFLOW] = RunPosition(status=RunStatus.WAITING)

        answer = await engineer.post("/v1/runs/run_1/fast-forward")

        assert (answer.status_code, answer.json()["code"]) == (409, "not-waiting")

    async def test_says_so_while_temporal_is_away(
        self, engineer: httpx.AsyncClient, control: FakeControl
    ) -> None:
        control.reachable = False

        answer = await engineer.post("/v1/runs/run_1/pause")

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    async def test_needs_a_key_that_may_manage(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        key = await new_key("ingest", "read")

        answer = await client.post("/v1/runs/run_1/end", headers={"Authorization": f"Bearer {key}"})

        assert answer.status_code == 403


class TestTheListOfRuns:
    @pytest.mark.usefixtures("ada_waits")
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, ["run_1", "run_0"]),
            ({"status": "ended"}, ["run_0"]),
            ({"customer_id": "4711", "journey": "cart-abandonment"}, ["run_1", "run_0"]),
            ({"customer_id": "cus_ada"}, ["run_1", "run_0"]),
            ({"customer_id": "4712"}, []),
            ({"journey": "win-back"}, []),
        ],
    )
    async def test_holds_those_that_are_wanted(
        self,
        engineer: httpx.AsyncClient,
        database: Database,
        wanted: dict[str, str],
        found: list[str],
    ) -> None:
        await keep(database, run("run_0", status=RunStatus.ENDED, ended_at=NOON))

        listed = (await engineer.get("/v1/runs", params=wanted)).json()

        assert [run["id"] for run in listed["items"]] == found
        assert listed["next"] is None

    @pytest.mark.usefixtures("ada_waits")
    async def test_tells_who_is_stuck(
        self, engineer: httpx.AsyncClient, database: Database, control: FakeControl
    ) -> None:
        await keep(database, run("run_2", journey="win-back"))
        control.mistakes[WORKFLOW] = "AttributeError: 'Times' object has no attribute 'last'"

        listed = (await engineer.get("/v1/runs")).json()

        assert {run["id"]: run["stuck"] for run in listed["items"]} == {
            "run_1": "The story fails whenever the run wakes: mend the journey and deploy, then "
            "the run goes on by itself.",
            "run_2": None,
        }

    async def test_is_paged(self, engineer: httpx.AsyncClient, database: Database) -> None:
        runs = [run(f"run_{n}", key=str(n)) for n in range(5)]
        await keep(database, ada(), identity("cus_ada", "4711"), *runs)

        first = (await engineer.get("/v1/runs", params={"limit": 3})).json()
        cursor = first["next"]
        second = (await engineer.get("/v1/runs", params={"limit": 3, "cursor": cursor})).json()

        ids = [[run["id"] for run in page["items"]] for page in (first, second)]
        assert ids == [["run_4", "run_3", "run_2"], ["run_1", "run_0"]]
        assert second["next"] is None

    @pytest.mark.parametrize("query", [{"status": "asleep"}, {"cursor": "WyJhIiwiYiJd"}])
    async def test_refuses_what_it_does_not_understand(
        self, engineer: httpx.AsyncClient, query: dict[str, str]
    ) -> None:
        answer = await engineer.get("/v1/runs", params=query)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == next(iter(query))
