"""Reports that forbid writing: which address they block, and whose consent they take back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.deliveries import DeliveryEvent
from domain.opt_in import CHANNEL, TOPIC
from store import tables
from store.consents import last_word, record_consent
from store.customers import customer_by_id, has_address
from store.sessions import AsyncSession
from store.suppressions import suppress

#: Type of report → what it suppresses and why; a bounce only when it is hard.
_SUPPRESSES: Final[Mapping[str, tuple[str, str]]] = {
    "bounced": ("all", "bounced"),
    "complained": ("marketing", "complained"),
    "unsubscribed": ("marketing", "unsubscribed"),
}


@dataclass(frozen=True, slots=True)
class Reported:
    """What a provider says about a message, if it is one of ours."""

    provider: str
    report: DeliveryEvent
    message: tables.Message | None
    #: When we heard of it.
    at: datetime

    @property
    def is_hard_bounce(self) -> bool:
        """Whether the address does not exist."""
        return self.report.type == "bounced" and self.report.bounce == "hard"

    @property
    def address(self) -> str | None:
        """Where the mail went."""
        return self.report.recipient or (self.message.to_address if self.message else None)

    @property
    def suppresses(self) -> tuple[str, str] | None:
        """The scope in which the address must not be written to any more, and why."""
        if self.report.type == "bounced" and not self.is_hard_bounce:
            return None
        return _SUPPRESSES.get(self.report.type)


async def heed(session: AsyncSession, told: Reported) -> bool:
    """Never write again where a report forbids it, also when its message is not ours.

    False when it says nothing about the customer as they are now: the address is theirs no more,
    or they have agreed since.
    """
    if told.suppresses is None:
        return True
    scope, reason = told.suppresses
    customer = await customer_by_id(session, told.message.customer_id) if told.message else None
    is_news = customer is None or await _is_theirs(session, customer, told)
    if customer is not None and is_news and scope == "marketing":
        if reason == "unsubscribed" and await _has_spoken_since(session, customer, told):
            return False
        await _take_back(session, customer, told, reason)
    if told.address:
        source, at = told.provider, told.at
        await suppress(session, told.address, reason=reason, source=source, at=at, scope=scope)
    return is_news


async def _is_theirs(session: AsyncSession, customer: tables.Customer, told: Reported) -> bool:
    """Whether the customer can still be reached where the mail went, or objects as its reader."""
    if told.address is None:
        return True
    if told.is_hard_bounce:
        return told.address.lower() == customer.email_key
    return await has_address(session, customer.id, told.address)


async def _has_spoken_since(
    session: AsyncSession, customer: tables.Customer, told: Reported
) -> bool:
    last = await last_word(session, customer.id, topic=TOPIC, channel=CHANNEL)
    return last is not None and last.happened_at > told.report.happened_at


async def _take_back(
    session: AsyncSession, customer: tables.Customer, told: Reported, reason: str
) -> None:
    # A complaint counts from when we hear of it, whatever was agreed to meanwhile.
    at = told.at if reason == "complained" else told.report.happened_at
    await record_consent(
        session,
        customer,
        topic=TOPIC,
        channel=CHANNEL,
        granted=False,
        basis="express",
        source=reason,
        at=at,
        evidence={"provider": told.provider, "event_id": told.report.id},
    )
