"""A customer who does things, lets time pass, and gets mail."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from sqlmodel import col, select

from domain.events import CUSTOMER_LAPSED, EventName
from domain.incoming import Call, Incoming
from domain.journeys import RunPosition
from domain.opt_in import Confirmation
from domain.products import Product
from domain.requests import ConsentRequest
from store import tables
from store.customers import customer_by_any_id
from store.products import describe_products
from tests.driver.house import House

_NUMBERS = count(1)
#: A mail in one of these has left: the provider took it, and may have told more of it.
_LEFT = ("accepted", "deferred", "delivered", "complained")


@dataclass
class Customer:
    """Speaks business: `does`, `lets_pass`, `inbox`."""

    house: House
    shop_id: str = "elif"

    async def is_known(self, *, consent: bool = True, **traits: Any) -> None:
        """The shop knows them: address, name, consent."""
        known = {"email": f"{self.shop_id}@example.com", "firstName": self.shop_id.title()}
        await self._accept(Call.IDENTIFY, traits={**known, "marketing_consent": consent, **traits})

    async def does(
        self,
        event: EventName,
        *,
        ago: timedelta = timedelta(),
        event_id: str | None = None,
        **properties: Any,
    ) -> None:
        """Something happens, now or `ago`, and everything that follows is done."""
        await self._accept(
            Call.TRACK, name=event, properties=properties, ago=ago, message_id=event_id
        )

    async def agrees(self, *, basis: str = "express") -> None:
        """They fill in the shop's form: yes, write to me."""
        await self._decides(granted=True, basis=basis)

    async def leaves(self) -> None:
        """They tell the shop that they want no more mail."""
        await self._decides(granted=False)

    async def confirms(self, mail: tables.Message | None = None) -> Confirmation:
        """They use the link in this mail, or in the latest that asked for their confirmation."""
        asked = [mail] if mail else await self._asked()
        await self.house.clock.look()
        done = await self.house.intake.confirm(
            (await self.record()).id, asked[-1].id, wording="Offers by e-mail", evidence={}
        )
        await self.house.settle()
        return done

    async def _asked(self) -> list[tables.Message]:
        return [mail for mail in await self.messages(*_LEFT) if mail.step == "confirm"]

    async def _decides(self, *, granted: bool, basis: str = "express") -> None:
        wish = ConsentRequest("marketing", "email", granted=granted, basis=basis)
        await self.house.clock.look()
        await self.house.intake.change_consent(
            (await self.record()).id, [wish], source="api", evidence={}
        )
        await self.house.settle()

    async def lapses(self) -> None:
        """They have been silent for too long, as the house finds by itself."""
        now = await self.house.clock.look()
        customer = await self.record()
        lapse = Incoming(
            message_id=f"m{next(_NUMBERS)}",
            call=Call.TRACK,
            happened_at=now,
            received_at=now,
            customer_id=customer.id,
            name=CUSTOMER_LAPSED,
        )
        await self.house.intake.accept([lapse])
        await self.house.settle()

    async def lets_pass(self, **duration: float) -> None:
        """Time passes: `days=1`, `hours=2`."""
        await self.house.lets_pass(timedelta(**duration))

    @property
    async def inbox(self) -> list[str]:
        """The steps of the mails they got, in order."""
        return [message.step for message in await self.messages(*_LEFT)]

    async def has_got(self, count: int) -> None:
        """Wait, in real time, until so many mails came; for servers whose clock does not jump."""
        async with asyncio.timeout(30):
            while len(await self.inbox) < count:
                await asyncio.sleep(0.05)

    async def messages(self, *statuses: str) -> list[tables.Message]:
        """What was sent to them, or not, and why."""
        async with self.house.database.reading() as session:
            query = select(tables.Message).order_by(
                col(tables.Message.created_at), col(tables.Message.sent_at)
            )
            if statuses:
                query = query.where(col(tables.Message.status).in_(statuses))
            return list((await session.scalars(query)).all())

    async def record(self) -> tables.Customer:
        """What the house knows of them."""
        async with self.house.database.reading() as session:
            found = await customer_by_any_id(session, self.shop_id)
            assert found is not None, "nobody knows them"
            return found

    async def run(self, journey: str) -> tables.Run:
        """Their latest run of a journey."""
        runs = await self.house.runs(journey)
        return runs[-1]

    async def exits(self) -> list[str | None]:
        """How their runs ended, in order of entry."""
        return [run.exit_reason for run in await self.house.runs()]

    async def position(self, journey: str) -> RunPosition:
        """Where their latest run of a journey is, in its own words."""
        found = await self.house.control.position((await self.run(journey)).workflow_id)
        assert found is not None, "the run does not answer"
        return found

    async def _accept(
        self,
        call: Call,
        *,
        name: EventName | None = None,
        properties: dict[str, Any] | None = None,
        traits: dict[str, Any] | None = None,
        ago: timedelta = timedelta(),
        message_id: str | None = None,
    ) -> None:
        now = await self.house.clock.look()
        message = Incoming(
            message_id=message_id or f"m{next(_NUMBERS)}",
            call=call,
            happened_at=now - ago,
            received_at=now,
            user_id=self.shop_id,
            name=name,
            properties=properties or {},
            traits=traits or {},
        )
        await self.house.intake.accept([message])
        await self.house.settle()


async def sells(house: House, *products: Product) -> None:
    """The shop describes its products."""
    async with house.database.writing() as session:
        await describe_products(session, products, now=await house.clock.look())
