"""Providers' reports: what became of a message, for the ledger and for the run that sent it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from domain.deliveries import DeliveryEvent
from domain.events import (
    EMAIL_BLOCKED,
    EMAIL_BOUNCED,
    EMAIL_DEFERRED,
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_MARKED_AS_SPAM,
    EMAIL_OPENED,
    EMAIL_REJECTED,
    UNSUBSCRIBED,
    Event,
    EventName,
)
from domain.ids import fitting
from domain.incoming import Call, Incoming
from domain.messages import MessageStatus
from domain.scanners import scanned
from intake.objections import Reported, heed
from store import tables
from store.deliveries import add_reports, advance, messages_of, own_messages
from store.sessions import AsyncSession

_NAMES: Final[Mapping[str, EventName]] = {
    "delivered": EMAIL_DELIVERED,
    "deferred": EMAIL_DEFERRED,
    "opened": EMAIL_OPENED,
    "clicked": EMAIL_LINK_CLICKED,
    "bounced": EMAIL_BLOCKED,
    "rejected": EMAIL_REJECTED,
    "complained": EMAIL_MARKED_AS_SPAM,
    "unsubscribed": UNSUBSCRIBED,
}
_STATUSES: Final[Mapping[str, MessageStatus]] = {
    "queued": MessageStatus.ACCEPTED,
    "deferred": MessageStatus.DEFERRED,
    "delivered": MessageStatus.DELIVERED,
    "opened": MessageStatus.DELIVERED,
    "clicked": MessageStatus.DELIVERED,
    "bounced": MessageStatus.BOUNCED,
    "rejected": MessageStatus.REJECTED,
    "complained": MessageStatus.COMPLAINED,
}
_TOLD: Final[Mapping[str, str]] = {EMAIL_OPENED: "opened", EMAIL_LINK_CLICKED: "clicked"}


async def take_reports(
    session: AsyncSession, provider: str, reports: Sequence[DeliveryEvent], now: datetime
) -> list[Incoming]:
    """Record reports that are new; returns the events that they are for the customers."""
    reports = [
        replace(report, id=fitting(report.id), happened_at=min(report.happened_at, now))
        for report in reports
    ]
    found = await messages_of(session, reports)
    reports = _marked(reports, found)
    new = await add_reports(session, provider, reports, found, now)
    events = []
    for report in {r.id: r for r in reports if r.id in new}.values():
        message = found.get(report.id)
        if message is not None:
            advance(message, report, _STATUSES.get(report.type))
            session.add(message)
        told = Reported(provider, report, message, now)
        is_news = await heed(session, told)
        if is_news and message is not None and (event := _event(told, message)):
            events.append(event)
    return events


def _marked(
    reports: Sequence[DeliveryEvent], messages: Mapping[str, tables.Message]
) -> list[DeliveryEvent]:
    """The same reports; those of clicks that a scanner made say so."""
    by_mail: dict[str, list[DeliveryEvent]] = defaultdict(list)
    for report in reports:
        if report.id in messages:
            by_mail[messages[report.id].id].append(report)
    machines: set[str] = set()
    for told in by_mail.values():
        arrivals = [report.happened_at for report in told if report.type == "delivered"]
        if known := messages[told[0].id].delivered_at:
            arrivals.append(known)
        machines |= scanned(told, min(arrivals, default=None))
    return [replace(r, machine=True) if r.id in machines else r for r in reports]


async def note_told(session: AsyncSession, told: Sequence[tuple[Event, str]]) -> None:
    """Let messages know of clicks and opens that the shop itself tells; each with its customer."""
    told = [
        (event, customer_id)
        for event, customer_id in told
        if event.name in _TOLD and event.facts.message_id
    ]
    if not told:
        return
    owners = {event.facts.message_id or "": customer_id for event, customer_id in told}
    messages = await own_messages(session, owners)
    for event, customer_id in told:
        message = messages.get(event.facts.message_id or "")
        if message and message.customer_id == customer_id:
            report = DeliveryEvent(event.id, _TOLD[event.name], event.happened_at)
            advance(message, report, MessageStatus.DELIVERED)
            session.add(message)


def _event(told: Reported, message: tables.Message) -> Incoming | None:
    """The report as an event of the customer; what machines do is none."""
    report = told.report
    name = EMAIL_BOUNCED if told.is_hard_bounce else _NAMES.get(report.type)
    if name is None or report.machine:
        return None
    properties = {
        "message_id": message.id,
        "run_id": message.run_id,
        "link_url": report.url,
        "reason": report.reason,
    }
    return Incoming(
        message_id=fitting(f"{told.provider}:{report.id}"),
        call=Call.TRACK,
        happened_at=report.happened_at,
        received_at=told.at,
        customer_id=message.customer_id,
        name=name,
        properties={key: value for key, value in properties.items() if value is not None},
    )
