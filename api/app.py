"""The gateway's application: routers, middleware and the services they work with."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from fastapi import FastAPI

from api import errors
from api.keyring import Keyring
from api.limits import LimitedBodies
from api.methods import AnsweredHeads
from api.metrics import MeasuredRequests, Metrics
from api.openapi import DocumentedApp
from api.pages import Pages
from api.quotas import VISITS, WRONG_KEYS, QuotaByAddress, ToldQuotas
from api.routers import (
    customers,
    health,
    journeys,
    messages,
    outbox,
    products,
    public,
    reference,
    runs,
    segment,
    suppressions,
    webhooks,
)
from api.services import Services
from api.stopping import LastAnswers

__all__ = ["Services", "create_app"]

#: Opens the services when the application starts and closes them when it stops.
OpenServices = Callable[[], AbstractAsyncContextManager[Services]]

_DESCRIPTION: Final = """
Customer journeys for web shops: send the event stream that you have (Segment's format), and the
journeys of your customers start, wait, write and end by themselves.

Every error is a problem document (RFC 9457, `application/problem+json`) whose `code` names it for
programs and whose `detail` says what to do. Lists are paged by `cursor`.
"""
_TAGS: Final = [
    {"name": "Events", "description": "What customers do, in Segment's calls. Scope `ingest`."},
    {"name": "Journeys", "description": "Settings, pausing, starting directly."},
    {"name": "Runs", "description": "One customer's passage through one journey."},
    {"name": "Customers", "description": "People: what is known, consent, erasure."},
    {"name": "Suppressions", "description": "Addresses that must not be written to."},
    {"name": "Messages", "description": "What was sent, or why not."},
    {"name": "Products", "description": "The shop's catalogue, as mails show it."},
    {"name": "Webhooks", "description": "What mail providers report."},
    {"name": "Public pages", "description": "Behind the signed links of mails. No key needed."},
    {"name": "Operation", "description": "Is it alive, is it ready, how does it do?"},
]
_ROUTERS: Final = (
    segment.router,
    journeys.router,
    runs.router,
    customers.router,
    suppressions.router,
    messages.router,
    products.router,
    products.complements_router,
    webhooks.router,
    public.router,
    outbox.router,
    health.router,
    reference.router,
)


def create_app(services: Services | OpenServices) -> FastAPI:
    """The application over `services`: ready ones, or how to open them at its start."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if isinstance(services, Services):
            yield
            return
        async with services() as opened:
            _equip(app, opened)
            yield

    metrics = Metrics()
    app = _bare_app(lifespan)
    app.state.metrics = metrics
    app.state.is_stopping = False
    app.add_middleware(ToldQuotas)
    app.add_middleware(LimitedBodies)
    app.add_middleware(MeasuredRequests, metrics=metrics)
    app.add_middleware(LastAnswers)
    app.add_middleware(AnsweredHeads)
    errors.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    if isinstance(services, Services):
        _equip(app, services)
    return app


def release() -> str:
    """The version of Dormouse that runs; `dev` when it was started without being installed."""
    try:
        return version("dormouse")
    except PackageNotFoundError:
        return "dev"


def _bare_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    return DocumentedApp(
        title="Dormouse",
        version=release(),
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        strict_content_type=False,
    )


def _equip(app: FastAPI, services: Services) -> None:
    shop = services.settings
    app.state.services = services
    app.state.keyring = Keyring(services.database, rate_limit=shop.rate_limit)
    app.state.mistakes = QuotaByAddress(*WRONG_KEYS)
    app.state.visitors = QuotaByAddress(*VISITS)
    app.state.pages = Pages(shop_name=shop.shop_name, shop_locale=shop.shop_locale)
