"""What a worker does when it is told to stop with a mail in its hands."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlmodel import select

from dispatch.connection import connect
from dispatch.temporal import start
from domain.journeys import JourneyStart
from domain.messages import MessageStatus
from store import tables
from store.sessions import Database
from tests.fakes.rows import ada, keep, run
from tests.fakes.smtp_server import TAKE_YOUR_TIME, FakeMailServer
from workflows.win_back import WinBackSettings

CLI = Path(__file__).parents[2] / "cli.py"


@asynccontextmanager
async def worker(folder: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CLI), "worker"),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "DORMOUSE_SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            **environment,
        },
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def begin_a_journey(database: Database, temporal: str) -> None:
    """A run whose first mail leaves at once."""
    run_id = f"run_{uuid4().hex}"
    workflow_id = f"win-back/cus_ada/{run_id}"
    subscriber = ada(consents={"marketing": ["email"]})
    await keep(database, subscriber, run(run_id, journey="win-back", workflow_id=workflow_id))
    payload: JourneyStart[WinBackSettings] = JourneyStart(
        run_id=run_id,
        customer_id="cus_ada",
        entered_at=datetime.now(UTC),
        settings=WinBackSettings(),
    )
    await start(
        await connect(temporal),
        journey="win-back",
        workflow_id=workflow_id,
        version=0,
        payload=payload.model_dump(mode="json"),
    )


class TestAWorkerThatIsToldToStop:
    async def test_lets_the_mail_in_its_hands_leave_and_records_it(
        self, temporal: str, database: Database, database_url: str, tmp_path: Path
    ) -> None:
        async with (
            FakeMailServer() as server,
            worker(
                tmp_path,
                TEMPORAL_ADDRESS=temporal,
                DORMOUSE_DATABASE_URL=database_url,
                DORMOUSE_SENDER="smtp",
                DORMOUSE_SMTP_URL=f"smtp://127.0.0.1:{server.port}",
            ) as process,
        ):
            server.answer_next("DATA", TAKE_YOUR_TIME)
            await begin_a_journey(database, temporal)
            await asyncio.wait_for(server.is_waited_for.wait(), 60)
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            still_there = process.returncode is None
            server.may_go_on.set()
            code = await asyncio.wait_for(process.wait(), 30)

        async with database.reading() as session:
            message = (await session.scalars(select(tables.Message))).one()
        assert (still_there, code) == (True, 0)
        assert (len(server.mails), message.status) == (1, MessageStatus.ACCEPTED)
