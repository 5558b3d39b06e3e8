"""Parting a large group, so that two transactions at the same time need not wait for each other."""

from collections.abc import Hashable, Sequence

from domain.incoming import Incoming


def apart(messages: Sequence[Incoming]) -> Sequence[Sequence[Incoming]]:
    """Two parts, about as long, in which nobody is named by the same id; empty ones are left out.

    Within a part messages keep their order. Whom only the database knows by two names may still be
    in both: then the second transaction waits for the first.
    """
    kin = _kin(messages)
    parts: tuple[list[Incoming], list[Incoming]] = ([], [])
    part_of: dict[Hashable, list[Incoming]] = {}
    for message in messages:
        name = _head(kin, _names(message)[0])
        if name not in part_of:
            part_of[name] = min(parts, key=len)
        part_of[name].append(message)
    return [part for part in parts if part]


def _kin(messages: Sequence[Incoming]) -> dict[Hashable, Hashable]:
    """Names that messages join, each with another one of the same person."""
    kin: dict[Hashable, Hashable] = {}
    for message in messages:
        first, *others = _names(message)
        for other in others:
            head, its_head = _head(kin, first), _head(kin, other)
            if head != its_head:
                kin[its_head] = head
    return kin


def _head(kin: dict[Hashable, Hashable], name: Hashable) -> Hashable:
    while name in kin:
        name = kin[name]
    return name


def _names(message: Incoming) -> Sequence[Hashable]:
    """Whoever it may be about; an alias's other name may be a user's or a browser's."""
    user, visitor, previous = message.user_id, message.anonymous_id, message.previous_id
    names: list[Hashable] = [message.customer_id] if message.customer_id else []
    if user:
        names.append(("user", user))
    if visitor:
        names.append(("anonymous", visitor))
    if previous:
        names += [("anonymous", previous), ("user", previous)]
    return names
