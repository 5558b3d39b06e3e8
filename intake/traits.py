"""What an identify call changes about a customer."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from domain.events import SUBSCRIBED, SUBSCRIPTION_REQUESTED, EventName
from domain.incoming import Incoming
from domain.opt_in import CHANNEL, DoubleOptIn
from domain.traits import CHANNELS, Traits, read_traits
from intake.noting import note_moment
from intake.opt_in import Standing, request_confirmation
from intake.people import SAID
from store.consents import decided_since, record_words
from store.people import Person
from store.sessions import AsyncSession
from store.suppressions import lift_suppression

#: A customer who was made longer ago does not sign up now, though we hear of them only now.
_NEW_FOR: Final = timedelta(days=1)
logger = logging.getLogger(__name__)

#: Traits of the shop's own that a customer may have: the row is read with each of their events.
MOST_TRAITS: Final = 500
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


async def apply_traits(
    session: AsyncSession,
    customer: Person,
    message: Incoming,
    opt_in: DoubleOptIn,
    *,
    has_moved: bool = False,
) -> EventName | None:
    """Take over what the message says; the event that it is when it changes whom we may mail.

    A call that is older than one already known only fills gaps. Of consents the last word counts,
    by the time at which it was spoken. `has_moved`: a merge brought a consent to another address.
    """
    traits, known_address = read_traits(message.traits), customer.email_key
    last = moments(customer.latest)
    is_late = IDENTIFIED in last and message.happened_at < last[IDENTIFIED]
    _take_fields(customer, traits, only_gaps=is_late)
    changed = await _take_word(session, customer, traits, message, opt_in)
    has_moved |= known_address is not None and customer.email_key != known_address
    if has_moved and opt_in.is_on and not message.is_history and Standing.of(customer).is_any:
        # Who confirmed the one address has not confirmed the other.
        await _request(session, customer, message, opt_in, anew=True)
        return SUBSCRIPTION_REQUESTED
    return changed


async def _take_word(
    session: AsyncSession,
    customer: Person,
    traits: Traits,
    message: Incoming,
    opt_in: DoubleOptIn,
) -> EventName | None:
    last = moments(customer.latest)
    is_outdated = SAID in last and message.happened_at < last[SAID]
    if traits.consent is None or is_outdated:
        return None
    note_moment(customer, SAID, message.happened_at)
    is_first_word = SAID not in customer.attributes
    changed = await _take_consent(session, customer, traits.consent, message, opt_in)
    if changed == SUBSCRIBED and is_first_word and _is_old(traits.created_at, message.happened_at):
        return None  # a customer of old, of whom we hear for the first time
    return changed


def _is_old(created_at: datetime | None, now: datetime) -> bool:
    return created_at is not None and created_at < now - _NEW_FOR


def _take_fields(customer: Person, traits: Traits, *, only_gaps: bool) -> None:
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
        customer.attributes = _with_room({**first, **last}, known=customer.attributes)


def _with_room(traits: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The traits without those new ones for which there is no room; the log names them."""
    if len(traits) <= MOST_TRAITS:
        return traits
    new = [name for name in traits if name not in known]
    left_out = new[max(0, MOST_TRAITS - len(known)) :]
    logger.warning("traits.left-out", extra={"count": len(left_out), "first": left_out[0]})
    return {name: traits[name] for name in traits.keys() - set(left_out)}


async def _take_consent(
    session: AsyncSession,
    customer: Person,
    granted: frozenset[str],
    message: Incoming,
    opt_in: DoubleOptIn,
) -> EventName | None:
    """Record a consent that differs from what the shop said before.

    Shops repeat their traits at every sign-in: a repeated `true` must not undo what the customer
    chose meanwhile with an unsubscribe link.
    """
    said, said_before = sorted(granted), customer.attributes.get(SAID)
    if said_before == said:
        return None
    customer.attributes = {**customer.attributes, SAID: said}
    stood = Standing.of(customer)
    must_confirm = opt_in.is_on and not stood.may_mail and not message.is_history
    decided = await _decided_since(session, customer, message.happened_at)
    words = {channel: channel in granted for channel in sorted(CHANNELS - decided)}
    asked = False
    if must_confirm and words.get(CHANNEL):
        del words[CHANNEL]
        asked = await _request(session, customer, message, opt_in)
    await record_words(
        session,
        customer,
        topic="marketing",
        words=words,
        basis="express",
        source="identify",
        at=message.happened_at,
        evidence={"message_id": message.message_id},
    )
    stands = Standing.of(customer)
    took_back = said_before is not None and "email" not in said_before
    if stands.may_mail and not stood.may_mail and took_back and customer.email:
        # They left, and now the shop says otherwise than before: they came back.
        await lift_suppression(session, customer.email)
    return stood.turned_into(stands, asked=asked)


async def _request(
    session: AsyncSession,
    customer: Person,
    message: Incoming,
    opt_in: DoubleOptIn,
    *,
    anew: bool = False,
) -> bool:
    return await request_confirmation(
        session,
        customer,
        opt_in,
        basis="express",
        source="identify",
        # After whatever was said before: it is this word that is confirmed.
        at=message.received_at if anew else message.happened_at,
        evidence={"message_id": message.message_id},
        anew=anew,
    )


async def withdraw_unless_given_since(
    session: AsyncSession, customer: Person, *, at: datetime, evidence: Mapping[str, Any]
) -> None:
    """Take back consent to marketing mail, unless a later word about it is known."""
    if "email" in await _decided_since(session, customer, at):
        return
    await record_words(
        session,
        customer,
        topic="marketing",
        words={"email": False},
        basis="express",
        source="event",
        at=at,
        evidence=evidence,
    )


async def _decided_since(session: AsyncSession, customer: Person, moment: datetime) -> set[str]:
    """The channels about which a later word is known, for example by an unsubscribe link."""
    if not (customer.consents or customer.pending):
        return set()  # there was never a word: each would have left its topic here
    return await decided_since(session, customer.id, moment, topic="marketing")


def moments(latest: Mapping[str, str]) -> dict[str, datetime]:
    """When each event last happened, as moments."""
    return {name: datetime.fromisoformat(moment) for name, moment in latest.items()}
