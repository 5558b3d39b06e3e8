"""Parting a large group, so that two transactions at the same time need not wait for each other."""

from collections.abc import Hashable, Sequence

from domain.incoming import Incoming

#: The ids that a message may name: of a customer, a user, a visitor, and a previous one.
_Ids = tuple[str | None, str | None, str | None, str | None]


def apart(messages: Sequence[Incoming]) -> Sequence[Sequence[Incoming]]:
    """Two parts, about as long, in which nobody is named by the same id; empty ones are left out.

    Within a part messages keep their order. Whom only the database knows by two names may still be
    in both: then the second transaction waits for the first.
    """
    kin = _kin(messages)
    parts: tuple[list[Incoming], list[Incoming]] = ([], [])
    part_of: dict[Hashable, list[Incoming]] = {}
    for message in messages:
        ids = _ids(message)
        if ids not in part_of:
            name = _head(kin, _names(*ids)[0])
            part_of[ids] = part_of.setdefault(name, min(parts, key=len))
        part_of[ids].append(message)
    return [part for part in parts if part]


def _ids(message: Incoming) -> _Ids:
    return message.customer_id, message.user_id, message.anonymous_id, message.previous_id


def _kin(messages: Sequence[Incoming]) -> dict[Hashable, Hashable]:
    """Names that messages join, each with another one of the same person."""
    kin: dict[Hashable, Hashable] = {}
    for ids in dict.fromkeys(map(_ids, messages)):
        first, *others = _names(*ids)
        for other in others:
            head, its_head = _head(kin, first), _head(kin, other)
            if head != its_head:
                kin[its_head] = head
    return kin


def _head(kin: dict[Hashable, Hashable], name: Hashable) -> Hashable:
    while name in kin:
        name = kin[name]
    return name


def _names(
    customer: str | None, user: str | None, visitor: str | None, previous: str | None
) -> Sequence[Hashable]:
    """Whoever it may be about; an alias's other name may be a user's or a browser's."""
    names: list[Hashable] = [customer] if customer else []
    if user:
        names.append(("user", user))
    if visitor:
        names.append(("anonymous", visitor))
    if previous:
        names += [("anonymous", previous), ("user", previous)]
    return names
