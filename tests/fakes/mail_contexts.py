"""People and shops that mails have to cope with, and any that Hypothesis can think of."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from sending.context import (
    IncentiveContext,
    MailContext,
    OrderContext,
    PersonContext,
    ProductContext,
)
from sending.samples import BARE, RICH

HOSTILE_TEXT = "<script>alert(1)</script>{{ 7*7 }}\r\nBcc: all@shop.example"
HOSTILE = replace(
    RICH,
    person=PersonContext(first_name=HOSTILE_TEXT, locale="en", timezone="Europe/Berlin"),
    products=(
        ProductContext(
            id="p-1",
            title=HOSTILE_TEXT,
            price=Decimal(5),
            image_url="javascript:alert(2)",
            url="javascript:alert(3)",
        ),
    ),
    query=HOSTILE_TEXT,
    category=HOSTILE_TEXT,
    order=OrderContext(HOSTILE_TEXT),
    customer_reference=HOSTILE_TEXT,
)
LONG_TITLED = replace(
    RICH, query=None, category=None, products=(ProductContext(id="p-1", title="Blanket " * 60),)
)


def reading(context: MailContext, locale: str, timezone: str = "Europe/Berlin") -> MailContext:
    """The same context for a person of another locale."""
    return replace(context, person=replace(context.person, locale=locale, timezone=timezone))


def contexts() -> st.SearchStrategy[MailContext]:
    """Any person, with any of the optional things known or not."""
    # Nobody is called None, so that whoever reads it in a mail knows what happened.
    maybe_text = st.none() | st.text(st.characters(exclude_characters="N"), max_size=80)
    money = st.decimals(min_value=0, max_value=10**9, places=2)
    moments = st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone itself
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    )
    products = st.builds(
        ProductContext,
        id=st.text(max_size=10),
        title=st.text(st.characters(exclude_characters="N"), min_size=1, max_size=200),
        price=st.none() | money,
        currency=st.sampled_from([None, "EUR", "TRY", "JPY", "XXX"]),
        image_url=maybe_text,
        url=maybe_text,
        review_url=maybe_text,
        old_price=st.none() | money,
        is_sold_out=st.booleans(),
        quantity=st.integers(1, 99),
        few_left=st.none() | st.integers(1, 5),
    )
    return st.builds(
        replace,
        st.just(BARE),
        person=st.builds(
            PersonContext,
            first_name=maybe_text,
            locale=st.sampled_from(["en", "de-AT", "fr", "tr_TR", "xx", ""]) | st.text(max_size=8),
            timezone=st.sampled_from(["Europe/Istanbul", "UTC", "", "Nowhere/At_All"]),
        ),
        products=st.lists(products, max_size=4).map(tuple),
        query=maybe_text,
        category=maybe_text,
        order=st.none() | st.builds(OrderContext, id=st.text(max_size=30)),
        incentive=st.none()
        | st.builds(
            IncentiveContext,
            kind=st.sampled_from(["free-shipping", "percent", "gift"]),
            ends_at=moments,
            value=st.none() | st.decimals(min_value=1, max_value=100, places=1),
            code=maybe_text,
        ),
        rating=st.none() | st.integers(1, 5),
        customer_reference=maybe_text,
    )
