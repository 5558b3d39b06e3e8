"""`dormouse demo`: the product with a sample shop whose weeks pass in minutes."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from rich.console import Console

from config import Sender, Settings, read_settings
from domain.pace import Pace
from local.gateway import open_gateway
from local.live import LiveLines
from local.ports import free_port
from local.sample_shop.products import CURRENCY
from local.sample_shop.shopkeeper import Shopkeeper
from local.sample_shop.stories import tell
from local.services import Commands
from local.together import together
from local.up import Running, run_everything
from local.watching import look, watch

#: A day passes in 4.3 seconds.
TIME_SCALE = 20_000
#: When most stories have come to their end, in their own time.
_SUMMARY_AFTER = timedelta(days=27)
#: A gateway that crashed is started again meanwhile.
_PATIENCE = timedelta(minutes=2)


def run_demo(
    settings: Settings,
    commands: Commands,
    *,
    console: Console,
    keep: bool,
    exit_after: float | None,
) -> None:
    """Run everything in a data folder of its own, until Ctrl-C or for so many seconds."""
    # What was told before is known by its ids; told again, it needs others.
    edition = f"-{datetime.now(UTC):%m%d%H%M%S}" if keep else ""

    async def accompany(running: Running) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(exit_after):
                await _play(running, edition)

    run_everything(
        demo_settings(settings),
        commands,
        console=console,
        companion=accompany,
        afresh=not keep,
    )


async def _play(running: Running, edition: str) -> None:
    settings = running.settings
    live = LiveLines(running.console, scale=settings.time_scale)
    async with open_gateway(running.url, running.key, patience=_PATIENCE) as gateway:
        telling = tell(settings.shop_url, edition=edition)
        keeper = Shopkeeper(gateway, telling, scale=settings.time_scale, audience=live)
        before = await look(gateway)
        await keeper.open_shop()
        try:
            await together(
                keeper.keep_shop(),
                watch(gateway, before, live.show, keeper.notice),
                _summarise(live, settings.pace),
            )
        finally:
            live.summarise()


async def _summarise(live: LiveLines, pace: Pace) -> None:
    await asyncio.sleep(pace.of(_SUMMARY_AFTER).total_seconds())
    live.summarise()


def demo_settings(settings: Settings) -> Settings:
    """`settings` for a demo: fast, its own shop and folder, and never a mail to anybody."""
    port = settings.port or free_port(settings.host)
    chosen = "time_scale" in settings.model_fields_set
    return read_settings(
        data_dir=settings.data_dir / "demo",
        database_url="",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        temporal_ui_url=f"http://127.0.0.1:{settings.temporal_ui_port}",
        sender=Sender.OUTBOX,
        time_scale=settings.time_scale if chosen else TIME_SCALE,
        shop_name="Hazel & Pine",
        shop_url="https://hazel-and-pine.example",
        shop_postal_address="Hazel & Pine GmbH, Haselweg 1, 10115 Berlin, Germany",
        shop_from="Hazel & Pine <hello@hazel-and-pine.example>",
        shop_support="support@hazel-and-pine.example",
        shop_locale="en",
        shop_timezone="Europe/Berlin",
        shop_country="DE",
        shop_currency=CURRENCY,
    )
