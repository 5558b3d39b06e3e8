"""Opening what the gateway works with, from the settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from temporalio.client import Client

from api.services import Services
from config import Settings, WrongSetting
from dispatch.connection import connect
from dispatch.control import RunControl
from dispatch.dispatcher import Dispatcher
from dispatch.namespaces import RunsNamespace
from dispatch.reconciler import Reconciler
from intake.intake import Intake
from intake.lapses import LapseWatch
from sending.links import Links
from store.sessions import Database
from workflows.catalogue import CATALOGUE


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the endpoints use, closed in an order that loses nothing.

    Temporal may be down: the gateway accepts and catches up later. Raises WrongSetting, or Invalid
    where Temporal's namespace is not that of the database's runs.
    """
    if settings.secret_key is None:
        raise WrongSetting(
            "DORMOUSE_SECRET_KEY is missing: set it to 32 random characters or more, the same for "
            "every gateway and worker."
        )

    async with AsyncExitStack() as stack:
        database = Database.open(settings.database)
        stack.push_async_callback(database.close)
        client = await connect(settings.temporal_address, lazy=True)
        await RunsNamespace(database=database, client=client, now=_now).require_if_known()
        yield Services(
            settings=settings,
            database=database,
            intake=await stack.enter_async_context(_intake(settings, database, client)),
            control=RunControl(client),
            catalogue=CATALOGUE,
            links=Links(settings.secret_key.get_secret_value(), settings.base_url),
            temporal_namespace=client.namespace,
        )


@asynccontextmanager
async def _intake(settings: Settings, database: Database, client: Client) -> AsyncIterator[Intake]:
    """The intake, with the dispatcher behind it and what watches over customers and runs."""
    pace = settings.pace
    async with (
        Dispatcher(database=database, client=client, now=_now) as dispatcher,
        Intake(
            database=database,
            catalogue=CATALOGUE,
            pace=pace,
            deliverer=dispatcher,
            now=_now,
            double_opt_in=settings.shop_double_opt_in == "on",
        ) as intake,
        Reconciler(database=database, client=client, now=_now),
        LapseWatch(database=database, intake=intake, catalogue=CATALOGUE, pace=pace, now=_now),
    ):
        yield intake


def _now() -> datetime:
    return datetime.now(UTC)
