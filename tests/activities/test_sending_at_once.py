"""Mails sent at the same moment: whatever is done for them together, each ends as if by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.sending import SendActivities
from domain.events import CART_EMPTIED, ORDER_COMPLETED
from domain.ids import message_id
from domain.messages import MessageStatus, StepOutcome, StepRequest
from domain.pace import Pace
from store import tables
from store.suppressions import suppress
from tests.activities.conftest import Desk
from tests.fakes.postbox import Postbox
from tests.fakes.rows import NOON, ada, event, message, run

_NUMBERS: Final = count()
_STEP: Final = "kept-for-you"


@dataclass
class Crowd:
    """Runs of one customer each, whose steps are sent by one worker."""

    desk: Desk
    postbox: Postbox = field(default_factory=Postbox)

    def __post_init__(self) -> None:
        self.activities = SendActivities(
            database=self.desk.database,
            composer=self.desk.composer,
            channel=self.postbox,
            pace=Pace(),
            now=self.desk.clock,
        )

    async def ready(self, name: str) -> None:
        await self._joins(name)

    async def bought(self, name: str) -> None:
        await self._joins(name)
        bought = NOON + timedelta(minutes=1)
        await self.desk.has(
            event(f"order of {name}", bought, customer_id=name, name=ORDER_COMPLETED)
        )

    async def unwilling(self, name: str) -> None:
        await self._joins(name, consents={})

    async def suppressed(self, name: str) -> None:
        await self._joins(name)
        async with self.desk.database.writing() as session:
            address = f"{name}@example.org"
            await suppress(session, address, reason="unsubscribed", source="test", at=NOON)

    async def in_doubt(self, name: str) -> None:
        """An earlier attempt broke off while the provider was being called."""
        await self._joins(name)
        claimed = {"status": MessageStatus.SENDING, "claimed_at": NOON, "attempts": 1}
        known = message(message_id(name, _STEP, 1), run_id=name, customer_id=name, **claimed)
        await self.desk.has(known)

    async def spoiled(self, name: str) -> None:
        """What is on record of the run cannot be read."""
        await self._joins(name, about={"product_ids": 5})

    async def unknown(self, name: str) -> None:
        """Nobody has heard of the run."""

    async def _joins(self, name: str, *, about: object = None, **customer: object) -> None:
        known = {"id": name, "external_id": name, "email": f"{name}@example.org"}
        agreed = {"consents": {"marketing": ["email"]}, "email_key": known["email"]}
        await self.desk.has(
            ada(**(known | agreed | customer)), run(name, customer_id=name, about=about or {})
        )

    async def sent_at_once(self, names: Sequence[str]) -> list[StepOutcome | BaseException]:
        return await asyncio.gather(*map(self._sends, names), return_exceptions=True)

    async def _sends(self, name: str) -> StepOutcome:
        asked = _request(name)
        outcome: StepOutcome = await ActivityEnvironment().run(self.activities.send_message, asked)
        return outcome

    @property
    def mailed(self) -> list[str]:
        return sorted(mail.to_address.partition("@")[0] for mail in self.postbox.mails)

    async def statuses(self, names: Sequence[str]) -> dict[str, str]:
        known = tables.Message
        async with self.desk.database.reading() as session:
            found = await session.execute(
                select(known.run_id, known.status).where(col(known.run_id).in_(names))
            )
            return {row.run_id: row.status for row in found}


def _request(name: str) -> StepRequest:
    ends_on = (ORDER_COMPLETED, CART_EMPTIED)
    return StepRequest(run_id=name, step=_STEP, asked_at=NOON, ends_on=ends_on)


#: What is on record of somebody → how their step ends, whoever else's is sent meanwhile.
ENDS: Final = {
    "ready": "sent",
    "bought": "skipped: overtaken: Order Completed",
    "unwilling": "skipped: no consent",
    "suppressed": "skipped: suppressed: unsubscribed",
    "in_doubt": "unknown: an earlier attempt broke off while the provider was being called",
    "spoiled": "ValidationError",
    "unknown": "ApplicationError",
}
WRITTEN: Final = {
    "ready": "accepted",
    "bought": "skipped",
    "unwilling": "skipped",
    "suppressed": "skipped",
    "in_doubt": "unknown",
}


def _told(outcome: StepOutcome | BaseException) -> str:
    if isinstance(outcome, BaseException):
        return type(outcome).__name__
    return f"{outcome.status}: {outcome.reason}" if outcome.reason else outcome.status


class TestMailsSentAtOnce:
    @given(st.lists(st.sampled_from(sorted(ENDS)), min_size=2, max_size=8))
    @example(sorted(ENDS))
    @example(["ready"] * 8)
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_end_each_as_if_nobody_else_had_been_written_to(
        self, desk: Desk, kinds: list[str]
    ) -> None:
        crowd = Crowd(desk)
        known = {f"{kind}-{next(_NUMBERS)}": kind for kind in kinds}
        for name, kind in known.items():
            await getattr(crowd, kind)(name)

        outcomes = await crowd.sent_at_once(list(known))

        assert [_told(outcome) for outcome in outcomes] == [ENDS[kind] for kind in known.values()]
        assert crowd.mailed == sorted(name for name, kind in known.items() if kind == "ready")
        assert await crowd.statuses(list(known)) == {
            name: WRITTEN[kind] for name, kind in known.items() if kind in WRITTEN
        }

    async def test_leave_once_when_a_step_is_asked_for_twice(self, desk: Desk) -> None:
        crowd = Crowd(desk)
        crowd.postbox.repeats_are_safe = False
        await crowd.ready("ada")

        await crowd.sent_at_once(["ada", "ada", "ada"])

        assert crowd.mailed == ["ada"]

    async def test_ask_the_database_for_many_as_for_one(self, desk: Desk, asked: list[str]) -> None:
        crowd = Crowd(desk)
        names = [f"reader-{number}" for number in range(20)]
        for name in names:
            await crowd.ready(name)
        asked.clear()

        await crowd.sent_at_once(names)

        assert len(crowd.mailed) == 20
        assert len(asked) <= 20  # 7 to 10 for each group
