"""Journeys: how they work now, tuning and pausing them, and starting them directly."""

import hashlib
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Response
from pydantic import ValidationError

from api.dependencies import (
    CatalogueDep,
    DatabaseDep,
    Ingesting,
    Managing,
    Principal,
    Reading,
    Scope,
    ServicesDep,
)
from api.errors import Problem, places
from api.json_bodies import JsonRoute
from api.openapi import headers, problems
from api.paging import Page
from api.paths import JourneyName
from api.routers.runs import read_run
from api.schemas.journeys import JourneyView, RunRequest, SettingsChange, SettingsView
from api.schemas.runs import RunView
from domain.errors import NotFound, Refused
from domain.requests import StartRequest
from domain.rules import Catalogue, JourneyRules
from store.audits import audit
from store.journey_settings import (
    catalogue_in_force,
    save_settings,
    set_paused,
    settings_versions,
)
from store.sessions import AsyncSession, Database

router = APIRouter(prefix="/v1/journeys", tags=["Journeys"], route_class=JsonRoute)

_ETAG: Final = re.compile(r'^(?:W/)?"([0-9]{1,9})"$')
_ETAGS: Final = rf"^\*$|{_ETAG.pattern}"
_VERSIONED: Final[dict[int | str, dict[str, Any]]] = {200: {"headers": headers("ETag")}}


async def _version_expected(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The ETag of the settings that were changed.",
            json_schema_extra={"pattern": _ETAGS},
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    if match := _ETAG.match(if_match.strip()):
        return int(match[1])
    raise Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        'If-Match must be the ETag that the settings were read with, like "3".',
    )


ExpectedVersion = Annotated[int | None, Depends(_version_expected)]


@router.get("", summary="List journeys")
async def journeys(
    _caller: Reading, catalogue: CatalogueDep, database: DatabaseDep
) -> Page[JourneyView]:
    """All journeys with the settings in force, in one page."""
    async with database.reading() as session:
        in_force = await catalogue_in_force(session, catalogue)
    return Page(items=[JourneyView.of(in_force[name]) for name in sorted(in_force)])


@router.get("/{journey}/settings", summary="Show settings", responses=_VERSIONED)
async def settings(
    _caller: Reading, journey: JourneyName, services: ServicesDep, response: Response
) -> SettingsView:
    """The settings that the next runs enter with, their schema, and how they came to be."""
    known = _known(services.catalogue, journey)
    return await _shown(services.database, known, response)


@router.put(
    "/{journey}/settings",
    summary="Change settings",
    responses=_VERSIONED | problems(HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
)
async def change_settings(
    caller: Managing,
    journey: JourneyName,
    change: SettingsChange,
    if_match: ExpectedVersion,
    services: ServicesDep,
    response: Response,
) -> SettingsView:
    """Replace the settings from now on. Runs on their way keep those that they entered with.

    A version is refused that is not in force any more: 412 when it came as `If-Match`, 409 when
    it came as `version`.
    """
    known = _known(services.catalogue, journey)
    overrides = _validated(known, change.settings)
    expected = change.version if if_match is None else if_match
    try:
        async with services.database.writing() as session:
            await _save(session, known, overrides, caller, expected)
    except Refused as error:
        if if_match is None:
            raise
        raise Problem(HTTPStatus.PRECONDITION_FAILED, error.code, str(error)) from error
    return await _shown(services.database, known, response)


@router.post("/{journey}/pause", summary="Pause a journey")
async def pause(caller: Managing, journey: JourneyName, services: ServicesDep) -> JourneyView:
    """Let nobody enter and hold all messages until it is resumed. Waits go on meanwhile."""
    known = _known(services.catalogue, journey)
    return await _set_paused(services.database, known, caller, datetime.now(UTC))


@router.post("/{journey}/resume", summary="Resume a journey")
async def resume(caller: Managing, journey: JourneyName, services: ServicesDep) -> JourneyView:
    """Let customers enter again; messages that were held are asked about again."""
    known = _known(services.catalogue, journey)
    return await _set_paused(services.database, known, caller, None)


@router.post(
    "/{journey}/runs",
    status_code=HTTPStatus.CREATED,
    summary="Start a run",
    responses={
        200: {
            "model": RunView,
            "description": "The key was used before: the same run.",
            "headers": headers("Location"),
        },
        201: {"headers": headers("Location")},
        **problems(HTTPStatus.CONFLICT),
    },
)
async def start(
    caller: Ingesting,
    journey: JourneyName,
    request: RunRequest,
    services: ServicesDep,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="The same key starts one run, however often the request is repeated.",
            examples=["ada-1"],
        ),
    ] = None,
) -> RunView:
    """Take a customer through the journey now, if its rules let them enter.

    Refusals (409) say why: `no-consent`, `no-address`, `already-running`, `too-soon`,
    `already-entered`, `nothing-to-confirm`, `journey-paused`. The same key with another request is
    refused as well. What the run sent is shown to keys with the scope `read` alone.
    """
    started = await services.intake.start(
        StartRequest(
            journey=_known(services.catalogue, journey).name,
            customer_id=request.customer_id,
            settings=request.settings,
            about=request.about,
            idempotency_key=idempotency_key,
            request_hash=_hash(journey, request),
        )
    )
    response.headers["Location"] = f"/v1/runs/{started.run_id}"
    response.status_code = HTTPStatus.CREATED if started.is_new else HTTPStatus.OK
    run = await read_run(services, started.run_id)
    return run if Scope.READ in caller.scopes else run.model_copy(update={"messages": []})


def _known(catalogue: Catalogue, journey: str) -> JourneyRules:
    """The journey with its default settings; raises NotFound."""
    if rules := catalogue.get(journey):
        return rules
    names = ", ".join(sorted(catalogue))
    raise NotFound(f"There is no journey {journey!r}; there are: {names}.")


def _validated(known: JourneyRules, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as they are kept: only those that were given and differ from the defaults."""
    try:
        given = known.settings_type.model_validate(settings)
    except ValidationError as error:
        found = [
            {**place, "field": f"settings.{place['field']}"} for place in places(error.errors())
        ]
        detail = " ".join(f"{place['field']}: {place['message']}." for place in found[:3])
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=found) from error
    return given.model_dump(mode="json", exclude_unset=True, exclude_defaults=True)


async def _save(
    session: AsyncSession,
    known: JourneyRules,
    overrides: dict[str, Any],
    caller: Principal,
    expected: int | None,
) -> None:
    now = datetime.now(UTC)
    version = await save_settings(
        session, known.name, overrides, author=caller.name, now=now, expected=expected
    )
    detail = {"version": version, "overrides": overrides}
    await audit(
        session, "journey.settings-changed", known.name, actor=caller.name, now=now, detail=detail
    )


async def _shown(database: Database, known: JourneyRules, response: Response) -> SettingsView:
    async with database.reading() as session:
        in_force = await catalogue_in_force(session, {known.name: known})
        versions = await settings_versions(session, known.name)
    view = SettingsView.of(in_force[known.name], versions)
    response.headers["ETag"] = f'"{view.version}"'
    return view


async def _set_paused(
    database: Database, known: JourneyRules, caller: Principal, paused_at: datetime | None
) -> JourneyView:
    action = "journey.paused" if paused_at else "journey.resumed"
    async with database.writing() as session:
        await set_paused(session, known.name, paused_at)
        await audit(session, action, known.name, actor=caller.name, now=datetime.now(UTC))
        in_force = await catalogue_in_force(session, {known.name: known})
    return JourneyView.of(in_force[known.name])


def _hash(journey: str, request: RunRequest) -> str:
    return hashlib.sha256(f"{journey}\n{request.model_dump_json()}".encode()).hexdigest()
