"""Programs that look into mails before people do, and follow the links to see where they lead."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from domain.deliveries import DeliveryEvent

#: Sooner after the delivery nobody has opened a mail and found its link.
_TOO_SOON: Final = timedelta(seconds=10)
#: Nobody follows different links of one mail in so short a time.
_AT_ONCE: Final = timedelta(seconds=2)


def scanned(reports: Iterable[DeliveryEvent], delivered_at: datetime | None) -> set[str]:
    """The ids of those clicks that no person made, of reports on one and the same mail.

    `delivered_at` is when it arrived, as far as that is known. What is left out here is left out
    where money or consent hangs on interest: whoever was quick visits the shop, and that counts.
    """
    clicks = [report for report in reports if report.type == "clicked"]
    return {c.id for c in clicks if _is_hasty(c, delivered_at) or _is_in_a_burst(c, clicks)}


def _is_hasty(click: DeliveryEvent, delivered_at: datetime | None) -> bool:
    return bool(delivered_at and click.happened_at - delivered_at < _TOO_SOON)


def _is_in_a_burst(click: DeliveryEvent, clicks: Iterable[DeliveryEvent]) -> bool:
    near = {c.url for c in clicks if abs(c.happened_at - click.happened_at) <= _AT_ONCE}
    return len(near) > 1
