"""Double opt-in: consents that wait to be confirmed, and their confirmation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.events import SUBSCRIBED, SUBSCRIPTION_REQUESTED, UNSUBSCRIBED, EventName
from domain.opt_in import CHANNEL, TOPIC, Confirmation, DoubleOptIn
from store import tables
from store.consents import Consenting, last_word, record_consent, request_consent
from store.sessions import AsyncSession
from store.suppressions import lift_suppression


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody may be written to, or has asked to be."""

    may_mail: bool
    is_pending: bool

    @classmethod
    def of(cls, customer: Consenting) -> "Standing":
        """Where a customer stands now."""
        return cls(
            may_mail=CHANNEL in customer.consents.get(TOPIC, ()),
            is_pending=CHANNEL in customer.pending.get(TOPIC, ()),
        )

    @property
    def is_any(self) -> bool:
        """Whether they ever asked to be written to, and still do."""
        return self.may_mail or self.is_pending

    def turned_into(self, now: "Standing", *, asked: bool = False) -> EventName | None:
        """The event that this change is; `asked` when a confirmation is due."""
        if asked:
            return SUBSCRIPTION_REQUESTED
        if now.may_mail and not self.may_mail:
            return SUBSCRIBED
        return UNSUBSCRIBED if self.is_any and not now.is_any else None


@dataclass(frozen=True, slots=True)
class Click:
    """The use of the link in a message that asked for a confirmation."""

    message_id: str
    #: What was agreed to, in the words of the page.
    wording: str
    evidence: Mapping[str, Any]


async def request_confirmation(  # noqa: PLR0913 - each is part of the proof
    session: AsyncSession,
    customer: Consenting,
    opt_in: DoubleOptIn,
    *,
    basis: str,
    source: str,
    at: datetime,
    wording: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    anew: bool = False,
) -> bool:
    """Let a consent wait for its confirmation; False when it has been waiting only shortly.

    `anew`: it waits, or waits again, whatever was said or done before.
    """
    last = await last_word(session, customer.id, topic=TOPIC, channel=CHANNEL)
    waits = last is not None and last.confirm_until is not None
    if last and waits and not anew and at < last.happened_at + opt_in.ask_again_after:
        return False
    await request_consent(
        session,
        customer,
        topic=TOPIC,
        channel=CHANNEL,
        basis=basis,
        source=source,
        at=at,
        confirm_until=at + opt_in.confirm_within,
        wording=wording,
        evidence=evidence,
    )
    return True


async def confirm(
    session: AsyncSession,
    customer: tables.Customer,
    click: Click,
    *,
    now: datetime,
) -> tuple[Confirmation, int | None]:
    """Grant what waits, since the link in this message was used; and which request that was."""
    if Standing.of(customer).may_mail:
        return Confirmation.HELD_ALREADY, None
    request = await last_word(session, customer.id, topic=TOPIC, channel=CHANNEL)
    if request is None or request.confirm_until is None or now > request.confirm_until:
        return Confirmation.OUTDATED, None
    message = await session.get(tables.Message, click.message_id)
    address = message.to_address if message else None
    if customer.email is None or (address or "").lower() != customer.email_key:
        return Confirmation.OUTDATED, None  # it was sent to an address that is theirs no more
    await record_consent(
        session,
        customer,
        topic=TOPIC,
        channel=CHANNEL,
        granted=True,
        basis="double_opt_in",
        source="confirmation",
        at=now,
        wording=request.wording or click.wording,
        evidence={
            **click.evidence,
            "message_id": click.message_id,
            "requested_at": request.happened_at.isoformat(),
        },
    )
    await lift_suppression(session, customer.email)
    return Confirmation.CONFIRMED, request.id
