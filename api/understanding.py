"""From Segment's calls to what the intake understands: ids, corrected times, traits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from api.schemas.segment import (
    AliasCall,
    GroupCall,
    IdentifyCall,
    Message,
    PageCall,
    ScreenCall,
    TrackCall,
)
from domain.errors import Invalid
from domain.events import (
    EMAIL_BLOCKED,
    EMAIL_BOUNCED,
    OURS,
    PAGE_VIEWED,
    SCREEN_VIEWED,
    EventName,
)
from domain.ids import made_up_message_id
from domain.incoming import Call, Incoming

#: Nothing that a shop tells us happened before; an earlier time is a clock that was never set.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: What the context may add to the traits of an identify call.
_CONTEXT_TRAITS: Final = ("locale", "timezone")
#: Consent is given by an identify call, not by a context that clients repeat with every event:
#: that would renew it right after somebody unsubscribed.
_NOT_FROM_CONTEXT: Final = "marketing_consent"


#: What mail providers call a bounce that says nothing against the address, in its `bounce_type` or
#: `type`. It ends no journey.
_SOFT_BOUNCES: Final = ("soft", "block", "blocked", "transient", "temporary", "undetermined")


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message reached us: by our clock, in which envelope, as news or as history."""

    received_at: datetime
    sent_at: datetime | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    is_history: bool = False
    #: Whether the caller may make two known users one.
    may_join_users: bool = False


def understood(message: Message, arrival: Arrival) -> Incoming:
    """The message as the intake takes it; raises Invalid naming the field that is wrong."""
    user_id, anonymous_id = message.user_id or None, message.anonymous_id or None
    if not (user_id or anonymous_id):
        raise Invalid("a userId or an anonymousId is needed", field="userId")
    if isinstance(message, AliasCall) and not user_id:
        raise Invalid("alias needs the userId that stays", field="userId")
    return Incoming(
        message_id=message.message_id or made_up_message_id(),
        happened_at=happened_at(message, arrival),
        received_at=arrival.received_at,
        user_id=user_id,
        anonymous_id=anonymous_id,
        is_history=arrival.is_history,
        may_join_users=arrival.may_join_users,
        **_said(message, _context(message, arrival)),
    )


def happened_at(message: Message, arrival: Arrival) -> datetime:
    """When it happened by our clock: never in the future; raises Invalid for absurd times.

    The sender's clock may be wrong, but it was equally wrong when the message left: what counts
    is the time that lay between. A message with both `timestamp` and `originalTimestamp` went
    through this already.
    """
    told = message.timestamp or message.original_timestamp
    if told is None:
        return arrival.received_at
    is_corrected = message.timestamp is not None and message.original_timestamp is not None
    sent = None if is_corrected else message.sent_at or arrival.sent_at
    try:
        moment = _utc(told) if sent is None else arrival.received_at - (_utc(sent) - _utc(told))
    except OverflowError:
        moment = datetime.min.replace(tzinfo=UTC)
    if moment < EARLIEST:
        raise Invalid(f"this is before the year {EARLIEST.year}", field="timestamp")
    return min(moment, arrival.received_at)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _context(message: Message, arrival: Arrival) -> Mapping[str, Any]:
    own = message.context if isinstance(message.context, dict) else {}
    return {**arrival.context, **own} if arrival.context else own


def _said(message: Message, context: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an Incoming that differs from call to call."""
    traits = _traits_in(context)
    match message:
        case TrackCall():
            properties = message.properties or {}
            said = {"name": _told_by_shops(message.event, properties), "properties": properties}
        case PageCall():
            name = SCREEN_VIEWED if isinstance(message, ScreenCall) else PAGE_VIEWED
            said = {"name": name, "properties": _page(message)}
        case IdentifyCall():
            hints = {name: context[name] for name in _CONTEXT_TRAITS if name in context}
            return {"call": Call.IDENTIFY, "traits": {**hints, **traits, **(message.traits or {})}}
        case GroupCall():
            group = {"groupId": message.group_id, "traits": message.traits or {}}
            return {"call": Call.GROUP, "properties": group, "traits": traits}
        case AliasCall():
            return {"call": Call.ALIAS, "previous_id": message.previous_id, "traits": traits}
    return {"call": Call.TRACK, "traits": traits, **said}


def _told_by_shops(event: str, properties: Mapping[str, Any]) -> EventName:
    if event in OURS:
        raise Invalid(f"only Dormouse itself says {event!r}; use another name", field="event")
    kind = str(properties.get("bounce_type") or properties.get("type") or "").lower()
    if event == EMAIL_BOUNCED and kind in _SOFT_BOUNCES:
        return EMAIL_BLOCKED
    return EventName(event)


def _traits_in(context: Mapping[str, Any]) -> dict[str, Any]:
    traits = context.get("traits")
    if not isinstance(traits, dict):
        return {}
    return {name: value for name, value in traits.items() if name != _NOT_FROM_CONTEXT}


def _page(page: PageCall) -> dict[str, Any]:
    named = {"name": page.name, "category": page.category}
    return {**(page.properties or {}), **{k: v for k, v in named.items() if v}}
