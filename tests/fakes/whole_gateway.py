"""The gateway with its real intake over a real database, on a real socket; without Temporal."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.app import Services, create_app
from config import Settings
from sending.links import Links
from store.keys import create_key
from store.sessions import Database
from tests.fakes.control import FakeControl
from tests.fakes.deliverer import FakeDeliverer
from tests.fakes.intakes import open_intake
from tests.fakes.served import served
from workflows.catalogue import CATALOGUE


@dataclass
class Gateway:
    """Where it is, and a key that may send."""

    database_url: str
    settings: Settings
    url: str = ""
    key: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        database = Database.open(self.database_url)
        now = datetime.now(UTC)
        async with database.writing() as session:
            self.key = await create_key(session, name="bridge", scopes=["ingest"], now=now)
        async with open_intake(database, FakeDeliverer()) as intake:
            yield Services(
                settings=self.settings,
                database=database,
                intake=intake,
                control=FakeControl(),
                catalogue=CATALOGUE,
                links=Links("s" * 32, "http://gateway"),
            )
        await database.close()


@contextmanager
def whole_gateway(database_url: str, folder: Path) -> Iterator[Gateway]:
    """A gateway over this database, which has its schema already."""
    settings = Settings.model_validate({"data_dir": folder, "secret_key": "s" * 32})
    gateway = Gateway(database_url, settings)
    with served(create_app(gateway.open)) as gateway.url:
        yield gateway
