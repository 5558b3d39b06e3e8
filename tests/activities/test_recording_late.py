"""What a provider answered, while the database is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from temporalio.testing import ActivityEnvironment

from activities.sending import SendActivities
from domain.errors import Unavailable
from domain.messages import StepRequest, StepStatus
from domain.pace import Pace
from sending.channel import Mail
from store.sessions import AsyncSession, Database
from tests.activities.conftest import Desk, During


@dataclass
class Away:
    """A database that is away for two writing sessions, from when it `leaves`."""

    database: Database
    sessions: int = 0

    async def leaves(self, _mail: Mail) -> None:
        self.sessions = 2

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        if self.sessions:
            self.sessions -= 1
            raise Unavailable("The database does not answer.")
        async with self.database.writing() as session:
            yield session


class TestADatabaseThatIsAwayForAMoment:
    async def test_is_waited_for_once_the_provider_has_the_mail(self, desk: Desk) -> None:
        await desk.has_run()
        away = Away(desk.database)
        activities = SendActivities(
            database=cast("Database", away),
            composer=desk.composer,
            channel=During(desk.postbox, away.leaves),
            pace=Pace(),
            now=desk.clock,
        )
        asked = StepRequest(run_id="run_1", step="kept-for-you", asked_at=desk.clock())

        outcome = await ActivityEnvironment().run(activities.send_message, asked)

        assert outcome.status == StepStatus.SENT
        assert (await desk.message()).status == "accepted"
        assert len(desk.postbox.mails) == 1
