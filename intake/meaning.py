"""What messages mean: who did what."""

from dataclasses import dataclass
from typing import Final

from domain.events import Event, EventName, Facts
from domain.facts import facts_of
from domain.ids import fitting
from domain.incoming import Call, Incoming
from intake.traits import IDENTIFIED
from store.people import Person

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
