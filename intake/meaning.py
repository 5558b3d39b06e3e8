"""What messages mean: who did what."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.events import MAIL_EVENTS, Event, EventName, Facts
from domain.facts import facts_of
from domain.incoming import Call, Incoming
from intake.people import People
from intake.subjects import of_its_run
from intake.traits import IDENTIFIED
from store.intake import runs_of_messages
from store.people import Person
from store.sessions import AsyncSession

_NAMES: Final = {
    Call.IDENTIFY: EventName(IDENTIFIED),
    Call.ALIAS: EventName("Aliased"),
    Call.GROUP: EventName("Grouped"),
}
_OF_MAILS: Final = frozenset(MAIL_EVENTS)


class Done(NamedTuple):
    """One message, understood: who did what."""

    message: Incoming
    person: Person
    event: Event


async def understood(
    session: AsyncSession, people: People, messages: Sequence[Incoming], events: Sequence[Event]
) -> list[Done]:
    """Who did what each message says; those that are about nobody any more are left out."""
    who = [people.just_met(message) or await people.who(message) for message in messages]
    mails = {e.facts.message_id for e in events if e.name in _OF_MAILS and e.facts.message_id}
    sent_by = await runs_of_messages(session, mails)
    if sent_by:
        events = [of_its_run(event, sent_by) for event in events]
    return [
        Done(message, people.survivor(person), event)
        for message, person, event in zip(messages, who, events, strict=True)
        if person is not None
    ]


def event_of(message: Incoming) -> Event:
    """What a message says was done."""
    if message.call is Call.TRACK and message.name is not None:
        name, facts, properties = message.name, facts_of(message.properties), message.properties
    else:
        name, facts = _NAMES[message.call], Facts()
        properties = {"traits": sorted(message.traits)}
    moments = message.happened_at, message.received_at
    return Event(message.message_id, name, *moments, facts, properties, message.is_history)
