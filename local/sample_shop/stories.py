"""Three weeks at the sample shop: all stories, told together.

Every function in the files of stories is one of them, and its docstring the plot.
"""

from local.sample_shop import carts, lookers, newcomers, orders, silences, strangers
from local.sample_shop.customers import CUSTOMERS
from local.sample_shop.script import Shop
from local.sample_shop.telling import Telling

#: What the shop offers to those who leave a cart behind, and to those who sign up.
SETTINGS = {
    "cart-abandonment": {
        "incentive": {"kind": "percent", "value": 10, "code": "HAZEL10", "valid_for": "3 days"}
    },
    "welcome": {
        "incentive": {"kind": "percent", "value": 10, "code": "HELLO10", "valid_for": "14 days"}
    },
}

STORIES = (
    *newcomers.STORIES,
    *lookers.STORIES,
    *carts.STORIES,
    *orders.STORIES,
    *silences.STORIES,
    *strangers.STORIES,
)


def tell(shop_url: str, *, edition: str = "") -> Telling:
    """All stories: the same every time, but for the ids of another `edition`."""
    told = Telling(Shop(shop_url, edition))
    for customer in CUSTOMERS:
        if customer not in {*lookers.YET_UNKNOWN, *newcomers.YET_UNKNOWN}:
            told.of(customer, day=0).signs_in()
    for story in STORIES:
        story(told)
    return told
