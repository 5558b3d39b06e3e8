"""A provider that took a mail of ours, and reports what became of it."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from domain.deliveries import DeliveryEvent
from domain.messages import MessageStatus
from store import tables
from store.suppressions import suppressions_of
from tests.fakes.front_door import FrontDoor
from tests.fakes.rows import keep, message

_NUMBERS = count(1)


@dataclass(frozen=True)
class Provider:
    """Has one mail of ours to ada, and reports about it."""

    door: FrontDoor

    async def says(self, type_: str, **report: Any) -> None:
        await self.reports(self.report(type_, **report))

    async def reports(self, *reports: DeliveryEvent) -> None:
        await self.door.intake.report("sendgrid", reports)

    def report(self, type_: str, **report: Any) -> DeliveryEvent:
        plain: dict[str, Any] = {
            "id": f"r-{next(_NUMBERS)}",
            "happened_at": self.door.clock(),
            "message_id": "msg_1",
            "recipient": "ada@example.org",
        }
        return DeliveryEvent(**{"type": type_, **plain, **report})

    async def mail(self) -> tables.Message:
        [found] = await self.door.all(tables.Message)
        return found

    async def suppressed(self, address: str = "ada@example.org") -> list[str]:
        async with self.door.database.reading() as session:
            found = await suppressions_of(session, address)
        return [f"{suppression.scope}: {suppression.reason}" for suppression in found]


async def mailed(door: FrontDoor, **changes: Any) -> Provider:
    await door.knows()
    await door.starts("win-back")
    [run] = await door.all(tables.Run)
    known = {"status": MessageStatus.ACCEPTED, "journey": "win-back", **changes}
    await keep(
        door.database,
        message("msg_1", run_id=run.id, customer_id=run.customer_id, **known),
    )
    return Provider(door)
