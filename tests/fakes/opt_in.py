"""Ada before a shop that has consents confirmed: what she is asked, and what she answers."""

from typing import Any, Final

from domain.opt_in import Confirmation
from domain.requests import ConsentRequest
from store import tables
from store.consents import consents_in_force
from tests.fakes.front_door import FrontDoor
from tests.fakes.rows import message

NEW: Final[dict[str, Any]] = {"email": "ada@example.org", "marketing_consent": ["email"]}
HELD: Final = {"marketing": ["email"]}


def mail(*, granted: bool = True, **request: Any) -> ConsentRequest:
    return ConsentRequest("marketing", "email", granted=granted, **request)


async def says(door: FrontDoor, *requests: ConsentRequest, source: str = "api") -> None:
    ada = await door.customer()
    await door.intake.change_consent(ada.id, requests, source=source, evidence={"form": "/news"})


async def asks(door: FrontDoor, *, to: str = "ada@example.org") -> str:
    """The mail with the link leaves; returns its id."""
    run, earlier = (await door.all(tables.Run))[-1], await door.all(tables.Message)
    # Which of two runs of one moment is the last nobody can say: one of its own for each mail.
    sent = message(
        f"msg_{len(earlier)}",
        run_id=run.id,
        occurrence=1 + len(earlier),
        customer_id=run.customer_id,
        to_address=to,
    )
    async with door.database.writing() as session:
        session.add(sent)
    return sent.id


async def confirms(door: FrontDoor, message_id: str) -> Confirmation:
    ada = await door.customer()
    return await door.intake.confirm(
        ada.id, message_id, wording="Offers by e-mail", evidence={"user_agent": "Firefox"}
    )


async def last_word(door: FrontDoor) -> tables.ConsentChange:
    ada = await door.customer()
    async with door.database.reading() as session:
        words = await consents_in_force(session, ada.id)
    return next(word for word in words if word.channel == "email")
