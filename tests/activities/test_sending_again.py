"""Further attempts at a step: after refusals, breakdowns, and answers that nobody heard."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.deliveries import DeliveryEvent
from domain.journeys import RunStatus
from domain.messages import StepOutcome, StepStatus
from intake.reports import take_reports
from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater, Unknown
from sending.outbox import OutboxChannel
from sending.rendering import Templates
from tests.activities.conftest import Desk, During, PowerCut, power_cut
from tests.fakes.mail_folder import SOUND, mail_folder
from tests.fakes.postbox import Postbox
from tests.fakes.rows import NOON

BROKEN_OFF = "an earlier attempt broke off while the provider was being called"


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    await desk.has_run()
    return desk


@pytest.fixture
def transactional(desk: Desk, tmp_path: Path) -> Desk:
    """Its only mail, cart-abandonment's kept-for-you, is a transactional one."""
    folder = mail_folder(
        tmp_path / "templates", f"<!-- kind: transactional -->\n{SOUND}", footer="<mj-text />"
    )
    (folder / "mails" / "cart").rename(folder / "mails" / "cart-abandonment")
    kept = folder / "mails" / "cart-abandonment" / "kept.mjml"
    kept.rename(kept.with_stem("kept-for-you"))
    desk.composer = replace(desk.composer, templates=Templates(folder))
    return desk


def reports(desk: Desk, type_: str) -> Callable[[Mail], Awaitable[None]]:
    """Happens during a call: the provider's report arrives before its answer."""

    async def report(mail: Mail) -> None:
        event = DeliveryEvent("report", type_, desk.clock(), message_id=mail.message_id)
        async with desk.database.writing() as session:
            await take_reports(session, "postbox", [event], desk.clock())

    return report


async def breaks_off(desk: Desk, channel: Postbox | OutboxChannel) -> None:
    with pytest.raises(PowerCut):
        await desk.sends(channel=During(channel, power_cut))


class TestAnAttemptThatBrokeOffDuringTheCall:
    async def test_leaves_a_marketing_mail_in_doubt_for_good(self, desk: Desk) -> None:
        await breaks_off(desk, desk.postbox)

        second, third = await desk.sends(), await desk.sends()

        message = await desk.message()
        assert [second.status, third.status] == [StepStatus.UNKNOWN] * 2
        assert (message.status, message.reason) == ("unknown", BROKEN_OFF)
        assert desk.postbox.attempts == 1

    async def test_is_repeated_at_once_where_repeats_are_safe(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        outbox = OutboxChannel(tmp_path / "outbox")
        await breaks_off(desk, outbox)

        again = await desk.sends(channel=outbox)

        message = await desk.message()
        assert again.sent
        assert (message.status, message.attempts) == ("accepted", 2)
        assert [path.stem for path in (tmp_path / "outbox").iterdir()] == [message.id]

    async def test_is_not_told_as_skipped_when_consent_is_gone_meanwhile(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        outbox = OutboxChannel(tmp_path / "outbox")
        await breaks_off(desk, outbox)
        await desk.knows(consents={})

        again = await desk.sends(channel=outbox)

        assert again.status is StepStatus.UNKNOWN
        assert (await desk.message()).status == "unknown"

    async def test_leaves_a_transactional_mail_to_be_sent_once_more(
        self, transactional: Desk
    ) -> None:
        desk = transactional
        await breaks_off(desk, desk.postbox)

        doubted = await desk.sends()
        status = (await desk.run()).status
        desk.clock.passes(minutes=2)
        repeated = await desk.sends(asked_at=NOON)

        assert (doubted.status, doubted.until) == (StepStatus.HELD, NOON + timedelta(minutes=2))
        assert status == RunStatus.HELD
        assert repeated.sent
        assert desk.postbox.attempts == 2
        assert (await desk.message()).held_until is None

    async def test_ends_the_repeats_of_a_transactional_mail_when_it_happens_again(
        self, transactional: Desk
    ) -> None:
        desk = transactional
        await breaks_off(desk, desk.postbox)
        await desk.sends()
        await breaks_off(desk, desk.postbox)

        last, once_more = await desk.sends(), await desk.sends()

        assert [last.status, once_more.status] == [StepStatus.UNKNOWN] * 2
        assert desk.postbox.attempts == 2


class TestAnUnknownFate:
    async def test_is_the_end_of_a_marketing_mail(self, desk: Desk) -> None:
        desk.postbox.always = Unknown("read time-out at ada@example.org")

        first, again = await desk.sends(), await desk.sends()

        message = await desk.message()
        assert first.status is again.status is StepStatus.UNKNOWN
        assert first.reason == "unknown whether postbox has it"
        assert (message.status, message.reason) == ("unknown", "read time-out at ada@example.org")
        assert desk.postbox.attempts == 1

    async def test_lets_a_transactional_mail_be_sent_once_more_and_no_more(
        self, transactional: Desk
    ) -> None:
        desk = transactional
        desk.postbox.always = Unknown("read time-out")

        outcomes = [await desk.sends() for _ in range(4)]

        assert [outcome.status for outcome in outcomes] == ["held", *["unknown"] * 3]
        assert outcomes[0].until == NOON + timedelta(minutes=2)
        assert desk.postbox.attempts == 2
        assert ((await desk.message()).status, (await desk.message()).held_until) == (
            "unknown",
            None,
        )

    async def test_does_not_become_a_skip_when_the_repeat_is_forbidden(
        self, transactional: Desk
    ) -> None:
        desk = transactional
        desk.postbox.always = Unknown("read time-out")
        await desk.sends()
        await desk.knows(email=None)

        again = await desk.sends()

        message = await desk.message()
        assert again.status is StepStatus.UNKNOWN
        assert (message.status, message.reason) == ("unknown", "read time-out")
        assert desk.postbox.attempts == 1


class TestAReportThatOvertakesTheAnswer:
    @pytest.mark.parametrize("answer", [Accepted("p7"), Unknown("time-out"), TryLater("503")])
    @pytest.mark.parametrize("report", ["delivered", "bounced"])
    async def test_is_not_overwritten_and_is_believed(
        self, desk: Desk, answer: Receipt, report: str
    ) -> None:
        desk.postbox.answers = [answer]

        outcome = await desk.sends(channel=During(desk.postbox, reports(desk, report)))

        message = await desk.message()
        assert outcome.status is StepStatus.SENT
        assert (message.status, message.reason, message.held_until) == (report, None, None)
        assert (await desk.run()).status == RunStatus.WAITING
        assert await desk.sends() == outcome

    async def test_still_learns_the_providers_own_id(self, desk: Desk) -> None:
        desk.postbox.answers = [Accepted("p7")]

        await desk.sends(channel=During(desk.postbox, reports(desk, "delivered")))

        assert (await desk.message()).provider_message_id == "p7"


class TestAProviderThatTakesNothing:
    async def test_is_asked_at_growing_distances(self, desk: Desk) -> None:
        desk.postbox.always = TryLater("503")

        pauses = [await self.pause(desk) for _ in range(12)]

        minutes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
        for pause, least in zip(pauses, minutes, strict=True):
            assert timedelta(minutes=least) <= pause <= timedelta(minutes=least * 1.25)

    async def pause(self, desk: Desk) -> timedelta:
        outcome = await desk.sends(asked_at=NOON)
        assert outcome.until is not None
        pause = outcome.until - desk.clock()
        desk.clock.at = outcome.until
        return pause

    async def test_is_given_up_after_three_days(self, desk: Desk) -> None:
        desk.postbox.always = TryLater("503")

        outcome = await self.until_the_end(desk)

        message = await desk.message()
        assert outcome.status is StepStatus.FAILED
        assert outcome.reason == "postbox did not take it for days"
        assert (message.status, message.held_until) == ("failed", None)
        assert timedelta(days=2, hours=16) < desk.clock() - NOON <= timedelta(days=3)

    async def until_the_end(self, desk: Desk) -> StepOutcome:
        while (outcome := await desk.sends(asked_at=NOON)).until:
            desk.clock.at = outcome.until
        return outcome

    async def test_is_obeyed_when_it_says_how_long_to_wait(self, desk: Desk) -> None:
        desk.postbox.answers = [TryLater("429", after=timedelta(hours=5))]

        outcome = await desk.sends()

        assert outcome.until == NOON + timedelta(hours=5)

    async def test_is_not_hurried_by_a_short_wait_that_it_allows(self, desk: Desk) -> None:
        desk.postbox.answers = [TryLater("429", after=timedelta(seconds=1))]

        outcome = await desk.sends()

        assert outcome.until is not None
        assert outcome.until >= NOON + timedelta(minutes=1)


class TestAProvidersWords:
    @pytest.mark.parametrize("answer", [TryLater, Rejected, Unknown])
    async def test_stay_in_the_ledger_and_never_reach_the_story(
        self, desk: Desk, answer: Callable[[str], Receipt]
    ) -> None:
        desk.postbox.answers = [answer("no mailbox for ada@example.org")]

        first = await desk.sends()
        desk.postbox.always = TryLater("still no mailbox for ada@example.org")
        again = await desk.sends()

        assert "ada@example.org" in ((await desk.message()).reason or "")
        assert "ada@example.org" not in first.model_dump_json()
        assert "ada@example.org" not in again.model_dump_json()

    async def test_are_the_reason_of_a_mail_that_was_refused(self, desk: Desk) -> None:
        desk.postbox.answers = [Rejected("no such mailbox")]

        outcome = await desk.sends()

        message = await desk.message()
        assert (outcome.status, outcome.reason) == (StepStatus.FAILED, "refused by postbox")
        assert (message.status, message.reason) == ("failed", "no such mailbox")
        assert (await desk.sends()).failed
        assert desk.postbox.attempts == 1


class TestAMailInFlight:
    async def test_is_finished_and_recorded_when_its_run_is_cancelled(self, desk: Desk) -> None:
        async def cancel(_: Mail) -> None:
            sending.cancel()
            await asyncio.sleep(0)

        sending = asyncio.create_task(desk.sends(channel=During(desk.postbox, cancel)))
        with pytest.raises(asyncio.CancelledError):
            await sending

        assert len(desk.postbox.mails) == 1
        assert (await desk.message()).status == "accepted"
