"""What an identify call changes about a customer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from domain.incoming import Incoming
from domain.traits import CHANNELS, Traits, read_traits
from intake.people import SAID, note_moment
from store import tables
from store.consents import consents_in_force, record_consent
from store.sessions import AsyncSession
from store.suppressions import lift_suppression

#: Under this name an identify call stands in the timeline and in `latest`.
IDENTIFIED: Final = "Identified"
_FIELDS: Final = (
    "phone",
    "first_name",
    "last_name",
    "locale",
    "timezone",
    "country",
    "birthday",
)


async def apply_traits(session: AsyncSession, customer: tables.Customer, message: Incoming) -> bool:
    """Take over what the message says; True when it takes back consent to marketing mail.

    A call that is older than one already known only fills gaps. Of consents the last word counts,
    by the time at which it was spoken.
    """
    traits = read_traits(message.traits)
    last = moments(customer.latest)
    is_late = IDENTIFIED in last and message.happened_at < last[IDENTIFIED]
    _take_fields(customer, traits, only_gaps=is_late)
    is_outdated = SAID in last and message.happened_at < last[SAID]
    if traits.consent is None or is_outdated:
        return False
    note_moment(customer, SAID, message.happened_at)
    return await _take_consent(session, customer, traits.consent, message)


def _take_fields(customer: tables.Customer, traits: Traits, *, only_gaps: bool) -> None:
    def changes(name: str, value: Any) -> bool:
        return value is not None and not (only_gaps and getattr(customer, name) is not None)

    for name in _FIELDS:
        value = getattr(traits, name)
        if changes(name, value):
            setattr(customer, name, value)
    if traits.email and changes("email", traits.email):
        customer.email, customer.email_key = traits.email, traits.email.lower()
    if traits.other:
        first, last = (
            (traits.other, customer.attributes)
            if only_gaps
            else (customer.attributes, traits.other)
        )
        customer.attributes = {**first, **last}


async def _take_consent(
    session: AsyncSession, customer: tables.Customer, granted: frozenset[str], message: Incoming
) -> bool:
    """Record a consent that differs from what the shop said before.

    Shops repeat their traits at every sign-in: a repeated `true` must not undo what the customer
    chose meanwhile with an unsubscribe link.
    """
    said = sorted(granted)
    if customer.attributes.get(SAID) == said:
        return False
    said_before = customer.attributes.get(SAID)
    customer.attributes = {**customer.attributes, SAID: said}
    had_mail = "email" in customer.consents.get("marketing", ())
    for channel in sorted(CHANNELS - await _decided_since(session, customer, message.happened_at)):
        await record_consent(
            session,
            customer,
            topic="marketing",
            channel=channel,
            granted=channel in granted,
            basis="express",
            source="identify",
            at=message.happened_at,
            evidence={"message_id": message.message_id},
            repeated=True,
        )
    has_mail = "email" in customer.consents.get("marketing", ())
    took_back = said_before is not None and "email" not in said_before
    if has_mail and not had_mail and took_back and customer.email:
        # They left, and now the shop says otherwise than before: they came back.
        await lift_suppression(session, customer.email, reasons=("unsubscribed", "sunset"))
    return had_mail and not has_mail


async def withdraw_unless_given_since(
    session: AsyncSession, customer: tables.Customer, *, at: datetime, evidence: Mapping[str, Any]
) -> None:
    """Take back consent to marketing mail, unless a later word about it is known."""
    if "email" in await _decided_since(session, customer, at):
        return
    await record_consent(
        session,
        customer,
        topic="marketing",
        channel="email",
        granted=False,
        basis="express",
        source="event",
        at=at,
        evidence=evidence,
        repeated=True,
    )


async def _decided_since(
    session: AsyncSession, customer: tables.Customer, moment: datetime
) -> set[str]:
    """The channels about which a later word is known, for example by an unsubscribe link."""
    return {
        change.channel
        for change in await consents_in_force(session, customer.id)
        if change.topic == "marketing" and change.happened_at > moment
    }


def moments(latest: Mapping[str, str]) -> dict[str, datetime]:
    """When each event last happened, as moments."""
    return {name: datetime.fromisoformat(moment) for name, moment in latest.items()}
