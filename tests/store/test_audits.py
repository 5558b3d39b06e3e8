"""The audit trail."""

from store.audits import audit, audits_of
from store.sessions import Database
from tests.fakes.rows import NOON


class TestTheTrail:
    async def test_tells_who_did_what_to_something_the_latest_first(
        self, database: Database
    ) -> None:
        async with database.writing() as session:
            await audit(session, "run.paused", "run_1", actor="ada", now=NOON)
            await audit(session, "run.paused", "run_2", actor="ada", now=NOON)
            reason = {"reason": "test"}
            await audit(session, "run.ended", "run_1", actor="bob", now=NOON, detail=reason)

        async with database.reading() as session:
            trail = await audits_of(session, "run_1")

        assert [(entry.action, entry.actor, entry.detail) for entry in trail] == [
            ("run.ended", "bob", {"reason": "test"}),
            ("run.paused", "ada", {}),
        ]
