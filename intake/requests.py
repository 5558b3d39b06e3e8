"""What is asked of the engine directly: start a journey, change consents, erase a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.consents import FREEING
from domain.entry import Per
from domain.errors import Invalid, NotFound, Refused
from domain.events import (
    CUSTOMER_DELETED,
    JOURNEY_REQUESTED,
    SUBSCRIBED,
    Event,
    EventName,
    Facts,
)
from domain.ids import new_run_id
from domain.incoming import Call, Incoming
from domain.opt_in import CHANNEL, TOPIC, Confirmation
from domain.products import slowest
from domain.requests import ConsentRequest, StartedRun, StartRequest
from domain.routing import StartRun, refusal
from domain.rules import JourneyRules
from intake.effects import DirectStart, Effects
from intake.group import Group
from intake.opt_in import Click, Standing, confirm, request_confirmation
from intake.relevance import view_of
from intake.subjects import as_kept
from store import intake as records
from store import tables
from store.consents import record_consent
from store.customers import customer_by_any_id, has_address, locked_customer
from store.deliveries import mailbox_of
from store.erasure import erase_customer, merged_into
from store.event_log import keep_if_new
from store.orders import find_order
from store.products import kinds_of
from store.runs import run_of_request
from store.sessions import AsyncSession
from store.suppressions import lift_suppression, suppress

#: Where a person decides for themselves: their word also blocks the address, or frees it.
_OWN_WORD: Final = ("unsubscribe", "preferences")


async def start_run(session: AsyncSession, effects: Effects, request: StartRequest) -> StartedRun:
    """Start a journey for a customer; raises NotFound, Invalid, or Refused with the rule's code."""
    if repeated := await _repeated(session, request):
        return repeated
    rules = effects.catalogue.get(request.journey)
    if rules is None:
        known = ", ".join(effects.catalogue)
        raise NotFound(f"There is no journey {request.journey!r}; there are {known}.")
    customer = await _by_any_id(session, request.customer_id)
    if repeated := await _repeated(session, request):
        return repeated  # it was made while we waited for the customer
    settings = rules.settings_with(request.settings)
    key = _key(rules, request)
    runs = (await records.runs_of(session, [customer.id]))[customer.id]
    order = await find_order(session, key) if key else None
    view = view_of(customer, runs, void_orders=[key] if order and order.told.is_void else [])
    if no := refusal(rules, view, runs.active, key=key, at=effects.now, pace=effects.pace):
        raise Refused(no.code, no.message)
    trigger = as_kept(await _requested(session, request, customer, effects.now), order)
    asked = trigger.facts.product_ids
    kinds = await kinds_of(session, asked)
    run = effects.start(
        StartRun(rules.name, key, trigger),
        customer.id,
        kind=slowest(kinds.get(product) for product in asked),
        direct=DirectStart(settings, request.idempotency_key, request.request_hash),
    )
    return StartedRun(run.id, effects.runs[-1].workflow_id, is_new=True)


async def _repeated(session: AsyncSession, request: StartRequest) -> StartedRun | None:
    key = request.idempotency_key
    run = await run_of_request(session, key) if key else None
    if run is None:
        return None
    if run.request_hash != request.request_hash:
        raise Invalid(
            "This Idempotency-Key was used for another request; use a fresh one.",
            field="Idempotency-Key",
        )
    return StartedRun(run.id, run.workflow_id, is_new=False)


async def _by_any_id(session: AsyncSession, any_id: str) -> tables.Customer:
    known = await customer_by_any_id(session, any_id)
    found = await locked_customer(session, known.id) if known else None
    if found is None:
        raise NotFound(f"No customer {any_id!r} is known; send an identify call first.")
    return found


def _key(rules: JourneyRules, request: StartRequest) -> str:
    if rules.entry.per is Per.CUSTOMER:
        return ""
    if not request.about.order_id:
        raise Invalid(f"{rules.name} runs per order; say which (order_id).", field="order_id")
    return request.about.order_id


async def _requested(
    session: AsyncSession, request: StartRequest, customer: tables.Customer, now: datetime
) -> Event:
    """The request as an event in the customer's timeline."""
    properties = {"journey": request.journey, "order_id": request.about.order_id}
    event = Event(
        f"request:{new_run_id()}",
        JOURNEY_REQUESTED,
        now,
        now,
        facts=request.about,
        properties={name: value for name, value in properties.items() if value},
    )
    await keep_if_new(session, event, customer.id)
    return event


@dataclass(frozen=True, slots=True)
class _Said:
    """Where a change of consents was said, and what proves it."""

    source: str
    evidence: Mapping[str, Any]
    #: Where the mail went whose link was used.
    reader: str | None


async def change_consents(  # noqa: PLR0913 - each is part of the proof
    session: AsyncSession,
    effects: Effects,
    customer_id: str,
    changes: Sequence[ConsentRequest],
    *,
    source: str,
    evidence: Mapping[str, Any],
    message_id: str | None = None,
) -> None:
    """Record grants and withdrawals; a withdrawal of marketing mail ends the customer's runs.

    With double opt-in a grant waits for its confirmation instead. `message_id` is of the mail whose
    link was used: where it went to an address that is the customer's no more, its reader speaks for
    that address alone, and can only leave.
    """
    customer = await _known(session, customer_id)
    reader = await mailbox_of(session, message_id) if message_id else None
    said = _Said(source, evidence, reader)
    if reader and not await has_address(session, customer.id, reader):
        if any(_is_about_mail(change) and not change.granted for change in changes):
            await _block(session, reader, said, effects.now)
        return
    stood, asked = Standing.of(customer), False
    for change in changes:
        asked |= await _take(session, effects, customer, change, said)
    if happened := stood.turned_into(Standing.of(customer), asked=asked):
        await _tell(session, effects, customer, happened, source=source)


async def _take(
    session: AsyncSession,
    effects: Effects,
    customer: tables.Customer,
    change: ConsentRequest,
    by: _Said,
) -> bool:
    """Record one of the changes, or ask for its confirmation; True when that is to be asked for."""
    proof = {"basis": change.basis, "wording": change.wording, "evidence": by.evidence}
    said: dict[str, Any] = {"source": by.source, "at": effects.now, **proof}
    if _must_be_confirmed(change, by, customer, effects):
        return await request_confirmation(session, customer, effects.opt_in, **said)
    said |= {"topic": change.topic, "channel": change.channel, "granted": change.granted}
    await record_consent(session, customer, **said)
    if _is_about_mail(change):
        await _block_or_free(session, customer, change, by, effects.now)
    return False


def _is_about_mail(change: ConsentRequest) -> bool:
    return (change.topic, change.channel) == (TOPIC, CHANNEL)


def _must_be_confirmed(
    change: ConsentRequest, by: _Said, customer: tables.Customer, effects: Effects
) -> bool:
    """Whether a grant waits: not one that the address's owner made by a link that we sent there."""
    is_owner = by.reader is not None and by.reader.lower() == customer.email_key
    is_proven = change.basis == "double_opt_in" or (by.source in _OWN_WORD and is_owner)
    is_new = change.granted and not Standing.of(customer).may_mail
    return effects.opt_in.is_on and _is_about_mail(change) and is_new and not is_proven


async def confirm_consent(
    session: AsyncSession,
    effects: Effects,
    customer_id: str,
    click: Click,
) -> Confirmation:
    """Grant the consent that waits, since the link in this message was used."""
    customer = await locked_customer(session, customer_id)
    if customer is None:
        return Confirmation.OUTDATED
    outcome, request = await confirm(session, customer, click, now=effects.now)
    if outcome is Confirmation.CONFIRMED:
        key = f"confirmed:{request}"
        await _tell(session, effects, customer, SUBSCRIBED, source="confirmation", key=key)
    return outcome


async def _tell(
    session: AsyncSession,
    effects: Effects,
    customer: tables.Customer,
    name: EventName,
    *,
    source: str,
    key: str | None = None,
) -> None:
    """Take in what a change of consent is: an event of the customer's, now."""
    happened = Incoming(
        message_id=key or f"consent:{new_run_id()}",
        call=Call.TRACK,
        happened_at=effects.now,
        received_at=effects.now,
        customer_id=customer.id,
        name=name,
        properties={"source": source},
    )
    await Group(session, effects).take([happened])


async def _block_or_free(
    session: AsyncSession,
    customer: tables.Customer,
    change: ConsentRequest,
    by: _Said,
    now: datetime,
) -> None:
    """Keep the address blocked for marketing once its owner left, until they agree again."""
    if change.granted and change.basis in FREEING and customer.email:
        await lift_suppression(session, customer.email)
    elif not change.granted and by.source in _OWN_WORD:
        for address in {customer.email, by.reader} - {None}:
            await _block(session, address or "", by, now)


async def _block(session: AsyncSession, address: str, by: _Said, now: datetime) -> None:
    source, reason = by.source, "unsubscribed"
    await suppress(session, address, reason=reason, source=source, at=now, scope="marketing")


async def erase(session: AsyncSession, effects: Effects, customer_id: str, *, actor: str) -> None:
    """Forget a person: their runs end, their data goes, their address stays blocked."""
    customer = await _known(session, customer_id)
    person = [customer.id, *(other.id for other in await merged_into(session, customer))]
    now = effects.now
    gone = Event(f"erased:{customer.id}", CUSTOMER_DELETED, now, now, facts=Facts())
    for runs in (await records.runs_of(session, person)).values():
        for run in runs.active:
            effects.signal(run.id, gone)
    await erase_customer(session, customer, actor=actor, at=now)


async def _known(session: AsyncSession, customer_id: str) -> tables.Customer:
    found = await locked_customer(session, customer_id)
    if found is None:
        raise NotFound(f"No customer {customer_id} is known.")
    return found
