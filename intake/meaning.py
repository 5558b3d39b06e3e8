"""What messages mean: who did what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.events import MAIL_EVENTS, Event, EventName, Facts
from domain.facts import facts_of
from domain.ids import fitting
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


@dataclass(slots=True)
class Done:
    """One message, understood: who did what."""

    message: Incoming
    person: Person
    event: Event


async def understood(
    session: AsyncSession, people: People, messages: Sequence[Incoming]
) -> list[Done]:
    """What each message means; those that are about nobody any more are left out."""
    who = [(message, await people.who(message)) for message in messages]
    await people.write()
    events = [event_of(message) for message in messages]
    mails = {e.facts.message_id for e in events if e.name in MAIL_EVENTS and e.facts.message_id}
    sent_by = await runs_of_messages(session, mails)
    if sent_by:
        events = [of_its_run(event, sent_by) for event in events]
    return [
        Done(message, people.survivor(person), event)
        for (message, person), event in zip(who, events, strict=True)
        if person is not None
    ]


def event_of(message: Incoming) -> Event:
    """What a message says was done."""
    is_track = message.call is Call.TRACK and message.name is not None
    properties = message.properties if is_track else {"traits": sorted(message.traits)}
    return Event(
        id=message.message_id,
        name=message.name if is_track and message.name else _NAMES[message.call],
        happened_at=message.happened_at,
        received_at=message.received_at,
        facts=facts_of(message.properties) if is_track else Facts(),
        properties=properties,
        is_history=message.is_history,
    )


def following(event: Event, name: EventName) -> Event:
    """What an event amounts to by itself, without what it is about."""
    own = fitting(f"{event.id}:{name}")
    return event._replace(id=own, name=name, facts=Facts(), properties={})
