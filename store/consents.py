"""What customers allowed: the append-only history, and what of it holds."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlmodel import col

from store import tables
from store.customers import same_person
from store.drivers import Row
from store.queries import Query, json_of, moment_in
from store.rows import Addition
from store.sessions import AsyncSession
from store.writes import Writes

_SAID: Final[Mapping[str, str]] = {
    **dict.fromkeys(("topic", "channel", "basis", "source", "wording"), "text"),
    "granted": "bool",
    "confirm_until": "timestamptz",
}
_WORDS: Final = Addition(
    "consent_change",
    {
        "customer_id": "text",
        **dict.fromkeys(("happened_at", "recorded_at"), "timestamptz"),
        "evidence": "jsonb",
        **_SAID,
    },
)
#: When each of these people last said something, and so did who was found to be them. PostgreSQL
#: takes a recursion to bring thousands, and would read both tables as a whole; so it is told to
#: look for one person after the other.
_DECIDED: Final = Query(
    """
    WITH RECURSIVE person(root, id) AS (
        SELECT id, id FROM customer WHERE id {in_1}
        UNION SELECT person.root, customer.id
        FROM customer JOIN person ON customer.merged_into = person.id
    )
    SELECT person.root, topic, channel, max(happened_at)
    FROM person JOIN consent_change ON consent_change.customer_id = person.id
    GROUP BY person.root, topic, channel
    """,
    postgresql="""
    WITH RECURSIVE person(root, id) AS (
        SELECT id, id FROM customer WHERE id {in_1}
        UNION SELECT person.root, joined.id FROM person CROSS JOIN LATERAL
            (SELECT id FROM customer WHERE merged_into = person.id OFFSET 0) AS joined
    )
    SELECT person.root, topic, channel, max(at) FROM person CROSS JOIN LATERAL (
        SELECT topic, channel, max(happened_at) AS at FROM consent_change
        WHERE customer_id = person.id GROUP BY topic, channel
    ) AS said
    GROUP BY person.root, topic, channel
    """,
)
#: Where a session keeps the words that are still to be written.
_GATHERED: Final = "consents"


@dataclass(slots=True)
class _Gathered:
    """Words that are still to be written, and when those whom we looked up said their last."""

    rows: list[Row] = field(default_factory=list)
    #: Customer → (topic, channel) → when; all of it, where the customer is in here.
    decided: dict[str, dict[tuple[str, str], datetime]] = field(default_factory=dict)

    def add(self, customer_id: str, at: datetime, words: Mapping[tuple[str, str], Row]) -> None:
        """Take in words of one customer, spoken at the same time, by topic and channel."""
        self.rows += words.values()
        if (decided := self.decided.get(customer_id)) is not None:
            decided |= {what: max(at, decided.get(what, at)) for what in words}


class Consenting(Protocol):
    """A customer, as far as consents go: what is recorded is projected to here."""

    id: str
    #: Topic → channels granted.
    consents: dict[str, list[str]]
    #: Topic → channels that wait to be confirmed.
    pending: dict[str, list[str]]


async def consent_history(
    session: AsyncSession, customer_id: str
) -> Sequence[tables.ConsentChange]:
    """Every grant, request and withdrawal of this person, the latest first."""
    await _write_gathered(session)
    found = await session.scalars(
        select(tables.ConsentChange)
        .where(col(tables.ConsentChange.customer_id).in_(select(same_person(customer_id).c.id)))
        .order_by(col(tables.ConsentChange.happened_at).desc(), col(tables.ConsentChange.id).desc())
    )
    return found.all()


async def consents_in_force(
    session: AsyncSession, customer_id: str
) -> Sequence[tables.ConsentChange]:
    """The last word of this person for each topic and channel, whatever it was."""
    last: dict[tuple[str, str], tables.ConsentChange] = {}
    for change in await consent_history(session, customer_id):
        last.setdefault((change.topic, change.channel), change)
    return sorted(last.values(), key=lambda change: (change.topic, change.channel))


async def last_word(
    session: AsyncSession, customer_id: str, *, topic: str, channel: str
) -> tables.ConsentChange | None:
    """What this person said last about one topic and channel."""
    words = await consents_in_force(session, customer_id)
    return next((word for word in words if (word.topic, word.channel) == (topic, channel)), None)


@asynccontextmanager
async def words_gathered(session: AsyncSession, writes: Writes) -> AsyncIterator[None]:
    """Put what is said about consents meanwhile among what is written at the end, all at once.

    Whoever asks for the history meanwhile sees it.
    """
    session.info[_GATHERED] = gathered = _Gathered()
    try:
        yield
        writes.add(_WORDS, gathered.rows)
    finally:
        del session.info[_GATHERED]


async def look_up_decisions(session: AsyncSession, customers: Collection[Consenting]) -> None:
    """Let `decided_since` know about these customers, while words are gathered."""
    gathered: _Gathered = session.info[_GATHERED]
    gathered.decided |= {customer.id: {} for customer in customers}
    # Of the others there was never a word: each would have left its topic with them.
    spoke = [customer.id for customer in customers if customer.consents or customer.pending]
    if not spoke:
        return
    for customer_id, topic, channel, at in await _DECIDED.rows(session, spoke):
        gathered.decided[customer_id][topic, channel] = moment_in(at)


async def decided_since(
    session: AsyncSession, customer_id: str, moment: datetime, *, topic: str
) -> set[str]:
    """The channels about which this person said something after that moment."""
    gathered: _Gathered | None = session.info.get(_GATHERED)
    if gathered and customer_id in gathered.decided:
        decided = gathered.decided[customer_id]
    else:
        words = await consents_in_force(session, customer_id)
        decided = {(word.topic, word.channel): word.happened_at for word in words}
    return {channel for (about, channel), at in decided.items() if about == topic and at > moment}


async def record_consent(  # noqa: PLR0913 - each is part of the proof
    session: AsyncSession,
    customer: Consenting,
    *,
    topic: str,
    channel: str,
    granted: bool,
    basis: str,
    source: str,
    at: datetime,
    wording: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> bool:
    """Append a grant or withdrawal and bring the customer's projections up to date.

    False, and nothing written, when it says what holds already; unless with a new wording.
    """
    holds = channel in customer.consents.get(topic, ())
    waits = channel in customer.pending.get(topic, ())
    if granted == holds and not (waits or wording):
        return False
    proof: dict[str, Any] = {"basis": basis, "source": source, "wording": wording}
    proof |= {"at": at, "evidence": evidence}
    await record_words(session, customer, topic=topic, words={channel: granted}, **proof)
    return True


async def record_words(  # noqa: PLR0913 - each is part of the proof
    session: AsyncSession,
    customer: Consenting,
    *,
    topic: str,
    words: Mapping[str, bool],
    basis: str,
    source: str,
    at: datetime,
    wording: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Append a word on each of these channels, also where it says what holds already.

    So an older word that comes later does not hold against it.
    """
    said: dict[str, Any] = {"topic": topic, "basis": basis, "source": source, "wording": wording}
    said |= {"confirm_until": None, "evidence": evidence}
    await _append(
        session,
        customer,
        at,
        [{**said, "channel": channel, "granted": granted} for channel, granted in words.items()],
    )
    for channel, granted in words.items():
        customer.consents = _with(customer.consents, topic, channel, there=granted)
        if channel in customer.pending.get(topic, ()):
            customer.pending = _with(customer.pending, topic, channel, there=False)


async def _append(
    session: AsyncSession, customer: Consenting, at: datetime, words: Sequence[Mapping[str, Any]]
) -> None:
    """Append what was said about consents, with its proof; nothing is ever overwritten."""
    rows = [
        (customer.id, at, at, json_of(said["evidence"] or {}), *map(said.get, _SAID))
        for said in words
    ]
    gathered: _Gathered | None = session.info.get(_GATHERED)
    if gathered is None:
        await _WORDS.add(session, rows)
    else:
        about = ((said["topic"], said["channel"]) for said in words)
        gathered.add(customer.id, at, dict(zip(about, rows, strict=True)))


async def _write_gathered(session: AsyncSession) -> None:
    gathered: _Gathered | None = session.info.get(_GATHERED)
    if gathered and gathered.rows:
        rows, gathered.rows = gathered.rows, []
        await _WORDS.add(session, rows)


async def request_consent(  # noqa: PLR0913 - each is part of the proof
    session: AsyncSession,
    customer: Consenting,
    *,
    topic: str,
    channel: str,
    basis: str,
    source: str,
    at: datetime,
    confirm_until: datetime,
    wording: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Append a request: from now on nothing counts until it is confirmed."""
    proof = {"basis": basis, "source": source, "wording": wording, "evidence": evidence}
    said = {"topic": topic, "channel": channel, "granted": False, "confirm_until": confirm_until}
    await _append(session, customer, at, [said | proof])
    customer.consents = _with(customer.consents, topic, channel, there=False)
    customer.pending = _with(customer.pending, topic, channel, there=True)


def _with(
    projection: Mapping[str, Sequence[str]], topic: str, channel: str, *, there: bool
) -> dict[str, list[str]]:
    channels = {*projection.get(topic, ())}
    channels = channels | {channel} if there else channels - {channel}
    return {**{name: list(held) for name, held in projection.items()}, topic: sorted(channels)}
