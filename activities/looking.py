"""The fresh look before a message leaves: all that the send policy rests on."""

from dataclasses import dataclass
from datetime import datetime

from activities.composing import Composer
from domain.addresses import is_deliverable
from domain.backoff import ASK_AGAIN_IF_PAUSED, WORTH_SENDING_FOR
from domain.messages import MessageKind, StepRequest
from domain.opt_in import CHANNEL, TOPIC, is_asked_enough
from domain.pace import Pace
from domain.policy import Case
from store.sessions import AsyncSession
from store.step_records import StepRecords, asked_at


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the records of a step, now."""

    composer: Composer
    pace: Pace
    now: datetime

    async def at(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, kind: MessageKind
    ) -> Case:
        """The case that the policy decides."""
        customer = records.customer
        asks = self.composer.asks_to_confirm(records.run.journey, request.step)
        asked = await asked_at(session, records, request.step) if asks else ()
        is_internal = kind is MessageKind.INTERNAL
        address = self.composer.shop.context.support_email if is_internal else customer.email
        return Case(
            kind=kind,
            now=self.now,
            address=None if customer.erased_at else address,
            is_address_valid=is_deliverable(address or ""),
            has_consent=CHANNEL in customer.consents.get(TOPIC, ()),
            asks_to_confirm=asks,
            is_pending=CHANNEL in customer.pending.get(TOPIC, ()),
            is_asked_enough=is_asked_enough(asked, now=self.now, pace=self.pace),
            suppressed_everywhere=records.suppressed.get("all"),
            suppressed_for_marketing=records.suppressed.get("marketing"),
            overtaken_by=records.overtaken_by,
            order_is_void=records.order_is_void and kind is MessageKind.MARKETING,
            not_after=request.asked_at + self.pace.of(WORTH_SENDING_FOR),
            is_journey_paused=records.is_journey_paused,
            ask_again_after=self.pace.of(ASK_AGAIN_IF_PAUSED),
        )
