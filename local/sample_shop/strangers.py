"""Stories of those who did not agree to mail."""

from local.sample_shop.products import PRODUCTS
from local.sample_shop.telling import Telling


def four_who_want_no_mail(told: Telling) -> None:
    """Karl, Ruth, Marc and Selin shop without having agreed to mail: none of it is written."""
    goods = list(PRODUCTS)
    for number, customer in enumerate(("karl", "ruth", "marc", "selin")):
        script = told.of(customer, day=0.5 + number / 3)
        for visit in range(7):
            script.opens_page("journal" if visit % 2 else "home")
            for look in range(2):
                script.looks_at(goods[(11 * number + 5 * visit + look) % len(goods)], seconds=40)
            if visit == number:
                script.adds("sunscreen")
            script.later(days=2.5 + number / 5)
    told.of("selin", day=6).buys("gaiters").later(days=2).receives()


STORIES = (four_who_want_no_mail,)
