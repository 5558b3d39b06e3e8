"""What endpoints ask for in their signatures: the caller, a session, a service."""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials as Credentials
from fastapi.security.http import HTTPBase

from api.errors import Problem
from api.keyring import Keyring, Principal, Scope
from api.metrics import Metrics
from api.pages import Pages
from api.quotas import QUOTA_IN_SCOPE, Quota, QuotaByAddress, too_many
from api.services import Control, Intake, Services
from config import Settings
from domain.rules import Catalogue
from sending.links import Links
from store.sessions import AsyncSession, Database

__all__ = [
    "CatalogueDep",
    "ControlDep",
    "DatabaseDep",
    "Ingesting",
    "IntakeDep",
    "LinksDep",
    "Managing",
    "MetricsDep",
    "PagesDep",
    "Principal",
    "Reading",
    "Scope",
    "ServicesDep",
    "SessionDep",
    "SettingsDep",
]

_CHALLENGE: Final = 'Bearer realm="Dormouse", Basic realm="Dormouse", charset="UTF-8"'
_HOW: Final = (
    "send it as 'Authorization: Bearer KEY', or as the user name of Basic authentication;"
    " `dormouse keys create` makes one."
)

_BEARER: Final = HTTPBase(
    scheme="bearer",
    scheme_name="Bearer",
    description="A key made by `dormouse keys create`.",
    auto_error=False,
)
_BASIC: Final = HTTPBase(
    scheme="basic",
    scheme_name="Basic",
    description="The same key as user name, with an empty password, as Segment's clients do.",
    auto_error=False,
)


# FastAPI pays for every dependency of a dependency, and sends plain functions to a thread: these
# are coroutines, and ask the request itself.


async def _services(request: Request) -> Services:
    return _services_of(request)


async def _settings(request: Request) -> Settings:
    return _services_of(request).settings


async def _database(request: Request) -> Database:
    return _services_of(request).database


async def _intake(request: Request) -> Intake:
    return _services_of(request).intake


async def _control(request: Request) -> Control:
    return _services_of(request).control


async def _catalogue(request: Request) -> Catalogue:
    return _services_of(request).catalogue


async def _links(request: Request) -> Links:
    return _services_of(request).links


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with _services_of(request).database.reading() as session:
        yield session


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
SettingsDep = Annotated[Settings, Depends(_settings)]
#: For endpoints that write: `async with database.writing() as session`.
DatabaseDep = Annotated[Database, Depends(_database)]
#: A session to read with, for as long as the request takes.
SessionDep = Annotated[AsyncSession, Depends(_session)]
IntakeDep = Annotated[Intake, Depends(_intake)]
ControlDep = Annotated[Control, Depends(_control)]
CatalogueDep = Annotated[Catalogue, Depends(_catalogue)]
LinksDep = Annotated[Links, Depends(_links)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
PagesDep = Annotated[Pages, Depends(_pages)]


async def _principal(request: Request, sent: Credentials | None) -> Principal:
    key = _key_in(sent)
    if not key:
        raise _unauthorized("key-missing", f"A key is needed: {_HOW}")
    keyring: Keyring = request.app.state.keyring
    mistakes: QuotaByAddress = request.app.state.mistakes
    with _paid_if_wrong(mistakes.of(request.scope), is_new=keyring.is_new(key)):
        principal = await keyring.principal_of(key)
        if principal is None:
            raise _unauthorized("key-unknown", f"This key is unknown or revoked; {_HOW}")
    if principal.quota:
        _spend(principal.quota, principal.name, request)
    return principal


@contextmanager
def _paid_if_wrong(mistakes: Quota, *, is_new: bool) -> Iterator[None]:
    """Take a mistake from the quota before a key is looked up, and give it back unless it was one.

    Before, since thousands may be looked up at once. Raises Problem (429) when none is left.
    """
    if is_new and (wait := mistakes.wait):
        raise too_many(wait, "Too many wrong keys came from this address")
    price = int(is_new)
    mistakes.spend(price)
    try:
        yield
    except Problem:
        price = 0
        raise
    finally:
        mistakes.spend(-price)


def _spend(quota: Quota, name: str, request: Request) -> None:
    """Take one message from the key's quota; raises Problem (429) when nothing is left."""
    request.scope[QUOTA_IN_SCOPE] = quota
    if wait := quota.admit():
        raise too_many(wait, f"The key {name!r} may send {quota.rate:g} messages a second")


def _key_in(sent: Credentials | None) -> str | None:
    match (sent.scheme.lower(), sent.credentials.strip()) if sent else None:
        case ("bearer", key):
            return key
        case ("basic", encoded):
            return _user_name(encoded)
    return None


def _user_name(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return None


def _unauthorized(code: str, detail: str) -> Problem:
    challenge = {"WWW-Authenticate": _CHALLENGE}
    return Problem(HTTPStatus.UNAUTHORIZED, code, detail, headers=challenge)


def requires(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    """A dependency that lets only keys with `scope` pass, and tells whose key it is."""

    async def allowed(
        request: Request,
        sent: Annotated[Credentials | None, Security(_BEARER, scopes=[scope])],
        _documented: Annotated[Credentials | None, Security(_BASIC, scopes=[scope])],
    ) -> Principal:
        principal = await _principal(request, sent)
        if scope in principal.scopes:
            return principal
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "scope-missing",
            f"The key '{principal.name}' lacks the scope '{scope}'; use one made with"
            f" `dormouse keys create NAME --scope {scope}`.",
            headers={
                "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"',
            },
        )

    return allowed


Ingesting = Annotated[Principal, Depends(requires(Scope.INGEST))]
Reading = Annotated[Principal, Depends(requires(Scope.READ))]
Managing = Annotated[Principal, Depends(requires(Scope.MANAGE))]
