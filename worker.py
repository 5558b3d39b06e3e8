"""The worker: runs the journeys' workflows and their activities until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import uvloop
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.composing import Composer, Shop
from activities.recommending import ComplementActivities
from activities.records import RecordActivities
from activities.sending import SendActivities
from config import Settings, WrongSetting
from dispatch.connection import connect
from dispatch.namespaces import RunsNamespace
from dispatch.schedules import keep_schedule
from domain.pace import Pace
from local.collecting import rarely_look_for_cycles
from runtime.listing import require_mails
from runtime.queues import JOURNEYS_QUEUE, SENDING_QUEUE, UPKEEP_QUEUE
from sending.channel import Channel
from sending.channels import open_channel
from sending.context import ShopContext
from sending.links import Links
from sending.rendering import Templates
from store.migrations.run import require_tables
from store.sessions import Database
from workflows.catalogue import JOURNEYS
from workflows.refresh_complements import RefreshComplements

logger = logging.getLogger(__name__)

TEMPLATES: Final = Path(__file__).parent / "templates"

#: Loaded once instead of once per run, also in the sandbox; ruff keeps clocks out of ours.
_PASSED_THROUGH: Final = ("domain", "store", "sending", "activities", "runtime", "pydantic", "ulid")
#: What is under way when the worker is told to stop may take this long to finish.
_GRACE: Final = timedelta(seconds=30)
#: How long a start waits, in seconds, for Temporal to take the schedule.
_PATIENCE: Final = 10.0


def sandbox() -> SandboxedWorkflowRunner:
    """The sandbox that every run is replayed in, by tests and before a change is deployed.

    The workers do without it: a journey was held against its list when it was listed.
    """
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH)
    return SandboxedWorkflowRunner(restrictions=restrictions)


def build_workers(
    client: Client,
    *,
    send: SendActivities,
    records: RecordActivities,
    journeys: Sequence[type[Any]] = JOURNEYS,
    sends_per_second: float = 0,
    version: WorkerDeploymentVersion | None = None,
) -> tuple[Worker, Worker]:
    """The two workers of a process: one tells the stories, one sends.

    With a `version` they get nothing to do until Temporal is told that it is current, and
    sleeping runs wake in whichever version is current then.
    """
    deployment = _deployment_of(version)
    stories = Worker(
        client,
        task_queue=JOURNEYS_QUEUE,
        workflows=journeys,
        activities=[records.calm_since, records.record_end],
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=_GRACE,
        deployment_config=deployment,
    )
    sender = Worker(
        client,
        task_queue=SENDING_QUEUE,
        activities=[send.send_message, records.stop_marketing],
        max_task_queue_activities_per_second=sends_per_second or None,
        graceful_shutdown_timeout=_GRACE,
        deployment_config=deployment,
    )
    return stories, sender


def build_upkeep(
    client: Client,
    complements: ComplementActivities,
    *,
    version: WorkerDeploymentVersion | None = None,
) -> Worker:
    """The worker for what no customer waits for: one thing at a time."""
    return Worker(
        client,
        task_queue=UPKEEP_QUEUE,
        workflows=[RefreshComplements],
        activities=[complements.refresh_complements],
        max_concurrent_activities=1,
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=_GRACE,
        deployment_config=_deployment_of(version),
    )


def _deployment_of(version: WorkerDeploymentVersion | None) -> WorkerDeploymentConfig | None:
    if version is None:
        return None
    return WorkerDeploymentConfig(
        version=version,
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def version_of(settings: Settings) -> WorkerDeploymentVersion | None:
    """The version that these settings give to this code; None where workers are unversioned."""
    if not settings.build_id:
        return None
    return WorkerDeploymentVersion(settings.deployment_name, settings.build_id)


def runtime_of(settings: Settings) -> Runtime | None:
    """What the Temporal client runs on when it has metrics to show; raises WrongSetting."""
    port = settings.worker_metrics_port
    if port is None:
        return None
    metrics = PrometheusConfig(bind_address=f"{settings.host}:{port}")
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=metrics))
    except ValueError as error:
        raise WrongSetting(
            f"The worker cannot show its metrics at {settings.host}:{port} ({error}): set "
            "DORMOUSE_WORKER_METRICS_PORT to a free port."
        ) from error


def build_activities(
    *,
    database: Database,
    composer: Composer,
    channel: Channel,
    pace: Pace,
    now: Callable[[], datetime],
) -> tuple[SendActivities, RecordActivities]:
    """The activities with what they need."""
    send = SendActivities(database=database, composer=composer, channel=channel, pace=pace, now=now)
    return send, RecordActivities(database=database, now=now)


def shop_of(settings: Settings) -> Shop:
    """The shop as its mails present it."""
    return Shop(
        context=ShopContext(
            name=settings.shop_name,
            url=settings.shop_url,
            postal_address=settings.shop_postal_address,
            support_email=settings.support_address,
            currency=settings.shop_currency,
            timezone=settings.shop_timezone,
        ),
        sender=settings.shop_from,
        default_locale=settings.shop_locale,
        cart_url=f"{settings.shop_url}/cart",
        review_url=settings.shop_review_url,
    )


def composer_of(settings: Settings) -> Composer:
    """What writes the mails; raises WrongSetting without a secret, TemplateError for a bad mail."""
    if settings.secret_key is None:
        raise WrongSetting(
            "DORMOUSE_SECRET_KEY is missing: set it to 32 random characters or more, the same for "
            "every gateway and worker (python -c 'import secrets; print(secrets.token_hex(32))')."
        )
    templates = Templates(TEMPLATES, default_locale=settings.shop_locale)
    require_mails(JOURNEYS, templates.steps())
    return Composer(
        templates=templates,
        links=Links(settings.secret_key.get_secret_value(), settings.base_url),
        shop=shop_of(settings),
        pace=settings.pace,
    )


def channel_of(settings: Settings) -> Channel:
    """The channel that the settings choose."""
    api_key, smtp_url = settings.sendgrid_api_key, settings.smtp_url
    return open_channel(
        settings.sender,
        sendgrid_api_key=api_key.get_secret_value() if api_key else None,
        sendgrid_url=settings.sendgrid_url,
        smtp_url=smtp_url.get_secret_value() if smtp_url else None,
        outbox=settings.data_dir / "outbox",
    )


@asynccontextmanager
async def running_workers(settings: Settings) -> AsyncIterator[None]:
    """Both workers at work, with their database and channel open."""
    composer = composer_of(settings)
    async with AsyncExitStack() as stack:
        database = Database.open(settings.database)
        stack.push_async_callback(database.close)
        channel = channel_of(settings)
        stack.push_async_callback(channel.aclose)
        client = await connect(settings.temporal_address, runtime=runtime_of(settings))
        await require_tables(settings.database)
        await RunsNamespace(database=database, client=client, now=_now).require()
        send, records = build_activities(
            database=database, composer=composer, channel=channel, pace=settings.pace, now=_now
        )
        complements = ComplementActivities(database=database, pace=settings.pace, now=_now)
        version = version_of(settings)
        workers = build_workers(
            client,
            send=send,
            records=records,
            sends_per_second=settings.sends_per_second,
            version=version,
        )
        upkeep = build_upkeep(client, complements, version=version)
        await stack.enter_async_context(all_at_work([*workers, upkeep]))
        await _keep_schedule(client, settings)
        yield


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def all_at_work(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """All of them at work; at the end each takes up no more and finishes what it has in hand.

    They do so at the same time: together they take no longer than one of them.
    """
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        try:
            yield
        finally:
            await asyncio.gather(*(worker.shutdown() for worker in workers))


async def _keep_schedule(client: Client, settings: Settings) -> None:
    """Without the schedule journeys run as before, only recommendations grow old: say so."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await keep_schedule(client, settings.togetherness, pace=settings.pace)
    except (RPCError, TimeoutError) as error:
        logger.warning("schedule.not_kept", extra={"error": str(error)})


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    # Which run or activity it was stands beside the message, not in it.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    async with running_workers(settings):
        rarely_look_for_cycles()
        logger.info("worker.started", extra={"build": settings.build_id or "unversioned"})
        await stop.wait()
        logger.info("worker.stopping")
    logger.info("worker.stopped")
