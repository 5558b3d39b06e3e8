"""Addresses that must not be written to, whoever they belong to: looked up, added, lifted."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import DatabaseDep, Managing, Reading, SessionDep
from api.json_bodies import JsonRoute
from api.openapi import problems
from api.schemas.customers import SuppressionView
from api.schemas.suppressions import SuppressionRequest, Suppressions
from domain.addresses import normalised
from domain.errors import Invalid, NotFound
from store.audits import audit
from store.sessions import AsyncSession
from store.suppressions import address_key, lift_all, suppress, suppressions_of

router = APIRouter(prefix="/v1/suppressions", tags=["Suppressions"], route_class=JsonRoute)

Email = Annotated[str, Query(max_length=320, examples=["ada@example.org"])]


@router.get("", summary="Show why an address is suppressed")
async def suppressions(_caller: Reading, email: Email, session: SessionDep) -> Suppressions:
    """What keeps mail from this address: a bounce, a complaint, an unsubscribe, your own word."""
    return await _view(session, _address(email))


@router.put("", summary="Suppress an address")
async def suppress_address(
    caller: Managing, email: Email, request: SuppressionRequest, database: DatabaseDep
) -> Suppressions:
    """Let no more mail go to this address. No consent undoes it; lifting it does."""
    address, now = _address(email), datetime.now(UTC)
    async with database.writing() as session:
        if await suppress(
            session, address, reason="manual", source="api", at=now, scope=request.scope
        ):
            await audit(
                session,
                "address.suppressed",
                address_key(address),
                actor=caller.name,
                now=now,
                detail={"scope": request.scope},
            )
        return await _view(session, address)


@router.delete(
    "",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Lift what suppresses an address",
    responses=problems(HTTPStatus.NOT_FOUND),
)
async def lift(caller: Managing, email: Email, database: DatabaseDep) -> None:
    """Let mail reach this address again, as far as its owner's consent goes: that stays as it is.

    Do so when you know better than the provider: a mailbox that bounced exists by now, somebody
    who complained asks for mail again.
    """
    address, now = _address(email), datetime.now(UTC)
    async with database.writing() as session:
        reasons = await lift_all(session, address)
        if not reasons:
            raise NotFound("Nothing suppresses this address.")
        key = address_key(address)
        detail = {"reasons": reasons}
        await audit(session, "address.freed", key, actor=caller.name, now=now, detail=detail)


def _address(email: str) -> str:
    address = normalised(email)
    if address is None:
        raise Invalid("This is no email address.", field="email")
    return address


async def _view(session: AsyncSession, address: str) -> Suppressions:
    found = await suppressions_of(session, address)
    return Suppressions(suppressions=[SuppressionView.model_validate(row) for row in found])
