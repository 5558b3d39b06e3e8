"""Why mails recommend what they do beside a product, and why not the rest."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from domain.products import Product
from domain.recommending import Candidate, Judged, LeftOut, Source, Togetherness, judge
from store.bought_together import count_companions
from store.orders import owned_by
from store.sessions import AsyncSession
from store.showcase import complements_of, products_by_id

#: Companions that are looked at besides those that passed at the latest count.
_MOST_WEAK: Final = 20


async def explain_complements(
    session: AsyncSession,
    product: Product,
    rules: Togetherness,
    *,
    since: datetime,
    now: datetime,
    customer_id: str | None = None,
) -> list[Judged]:
    """What goes with `product`: what is recommended first, then what is left out and why.

    With a customer (by our own id) as a mail to them would have it. What stood in the same orders
    but did not pass at the latest count is counted anew.
    """
    passed = await complements_of(session, [product.id])
    weak = await _weak(session, product, passed, since=since, now=now)
    owned = await owned_by(session, customer_id) if customer_id else set[str]()
    judged = [
        *judge(passed, given=[product], owned=owned),
        *map(_not_yet, judge(weak, given=[product], owned=owned, rules=rules)),
    ]
    return sorted(judged, key=lambda one: one.left_out is not None)


def _not_yet(judged: Judged) -> Judged:
    """What passes by now, but was not counted yet, is recommended from the next count on."""
    return replace(judged, left_out=judged.left_out or LeftOut.NOT_COUNTED_YET)


async def _weak(
    session: AsyncSession,
    product: Product,
    passed: list[Candidate],
    *,
    since: datetime,
    now: datetime,
) -> list[Candidate]:
    counted = await count_companions(session, product.id, since=since, now=now, limit=_MOST_WEAK)
    for candidate in passed:
        counted.pop(candidate.product_id, None)
    known = {found.id: found for found in await products_by_id(session, list(counted))}
    return [
        Candidate(name, Source.BOUGHT_TOGETHER, known.get(name), evidence)
        for name, evidence in counted.items()
    ]
