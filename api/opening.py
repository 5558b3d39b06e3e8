"""Opening what the gateway works with, from the settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from api.services import Services
from config import Settings, WrongSetting
from dispatch.connection import connect
from dispatch.control import RunControl
from dispatch.dispatcher import Dispatcher
from dispatch.reconciler import Reconciler
from intake.intake import Intake
from intake.lapses import LapseWatch
from sending.links import Links
from store.sessions import Database
from workflows.catalogue import CATALOGUE


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the endpoints use, closed in an order that loses nothing.

    Temporal may be down: the gateway accepts and catches up later. Raises WrongSetting.
    """
    if settings.secret_key is None:
        raise WrongSetting(
            "DORMOUSE_SECRET_KEY is missing: set it to 32 random characters or more, the same for "
            "every gateway and worker."
        )

    def now() -> datetime:
        return datetime.now(UTC)

    async with AsyncExitStack() as stack:
        database = Database.open(settings.database)
        stack.push_async_callback(database.close)
        client = await connect(settings.temporal_address, lazy=True)
        dispatcher = Dispatcher(database=database, client=client, now=now)
        await stack.enter_async_context(dispatcher)
        intake = Intake(
            database=database,
            catalogue=CATALOGUE,
            pace=settings.pace,
            deliverer=dispatcher,
            now=now,
        )
        await stack.enter_async_context(intake)
        await stack.enter_async_context(Reconciler(database=database, client=client, now=now))
        watch = LapseWatch(
            database=database, intake=intake, catalogue=CATALOGUE, pace=settings.pace, now=now
        )
        await stack.enter_async_context(watch)
        yield Services(
            settings=settings,
            database=database,
            intake=intake,
            control=RunControl(client),
            catalogue=CATALOGUE,
            links=Links(settings.secret_key.get_secret_value(), settings.base_url),
            temporal_namespace=client.namespace,
        )
