"""What the activity that sends may rely on, whichever channel carries the mail."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sending.channel import Accepted, Rejected, TryLater, Unknown
from tests.fakes.mail import a_mail
from tests.sending.harnesses import Harness, RemoteHarness, outbox, sendgrid, smtp


@pytest.fixture(params=[sendgrid, smtp, outbox], ids=lambda opened: opened.__name__)
async def any_channel(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    async with request.param(tmp_path) as harness:
        yield harness


@pytest.fixture(params=[sendgrid, smtp], ids=lambda opened: opened.__name__)
async def remote(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RemoteHarness]:
    async with request.param(tmp_path) as harness:
        yield harness


class TestEveryChannel:
    async def test_says_accepted_once_the_other_end_has_the_mail(
        self, any_channel: Harness
    ) -> None:
        receipt = await any_channel.channel.send(a_mail())

        assert isinstance(receipt, Accepted)
        assert receipt.provider_message_id
        assert [mail.message_id for mail in any_channel.arrived()] == ["msg_0b54c9a2"]

    async def test_delivers_names_subjects_and_texts_in_every_script(
        self, any_channel: Harness
    ) -> None:
        mail = a_mail(
            to_name="李 Çelik Ünlü",
            subject="Käse für Zoë: noch 3 Stück übrig, 明日まで … Çok güzel, görüşürüz 🧀",
            text="Grüße, 李",
            html="<p>Grüße, 李 🧀</p>",
        )

        await any_channel.channel.send(mail)

        [arrived] = any_channel.arrived()
        assert arrived.to == "李 Çelik Ünlü <zoe@customer.example>"
        assert arrived.subject == (
            "Käse für Zoë: noch 3 Stück übrig, 明日まで … Çok güzel, görüşürüz 🧀"
        )
        assert arrived.text == "Grüße, 李"
        assert arrived.html == "<p>Grüße, 李 🧀</p>"

    async def test_keeps_the_headers_of_one_click_unsubscription_word_for_word(
        self, any_channel: Harness
    ) -> None:
        await any_channel.channel.send(a_mail())

        [arrived] = any_channel.arrived()
        assert arrived.headers["List-Unsubscribe"] == (
            f"<https://shop.example/unsubscribe/{'t' * 120}>"
        )
        assert arrived.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    async def test_writes_to_a_person_without_a_name(self, any_channel: Harness) -> None:
        await any_channel.channel.send(a_mail(to_name=None))

        [arrived] = any_channel.arrived()
        assert arrived.to == "zoe@customer.example"

    async def test_knows_the_servers_name_of_an_international_domain(
        self, any_channel: Harness
    ) -> None:
        await any_channel.channel.send(a_mail(to_address="zoe@straße.example", to_name=None))

        [arrived] = any_channel.arrived()
        assert arrived.to == "zoe@xn--strae-oqa.example"

    async def test_lets_no_line_break_in_a_name_or_subject_become_a_header(
        self, any_channel: Harness
    ) -> None:
        mail = a_mail(
            to_name="Zoë\r\nBcc: eve@evil.example", subject="Hello\nBcc: eve@evil.example"
        )

        await any_channel.channel.send(mail)

        [arrived] = any_channel.arrived()
        assert "Bcc" not in arrived.headers
        assert arrived.subject == "Hello Bcc: eve@evil.example"

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            (
                {"to_address": "zoe@customer.example\r\nRCPT TO:<eve@evil.example>"},
                "is not an e-mail address",
            ),
            ({"to_address": "zoe@bücher..example"}, "is not an e-mail address"),
            ({"from_address": "Shop <hello@shop.example>"}, "The sender's address"),
            ({"reply_to": "nobody"}, "The reply-to address"),
            ({"subject": " \n"}, "The mail has no subject"),
            ({"text": ""}, "The mail has no text part"),
            ({"html": " "}, "The mail has no HTML part"),
            ({"text": "half a \ud83d"}, "The text part holds half a surrogate pair"),
            ({"to_name": "half a \ud83d"}, "The recipient's name holds half a surrogate pair"),
            ({"headers": {"X-Note": "a\r\nBcc: eve@evil.example"}}, "The header X-Note"),
            ({"headers": {"Subject": "another"}}, "The header Subject is written by the channel"),
            ({"headers": {"X Note": "a"}}, "'X Note' is not the name of a header"),
            ({"message_id": "../../etc/passwd"}, "The message id"),
        ],
    )
    async def test_rejects_what_nobody_could_carry(
        self, any_channel: Harness, changes: dict[str, Any], reason: str
    ) -> None:
        receipt = await any_channel.channel.send(a_mail(**changes))

        assert isinstance(receipt, Rejected)
        assert reason in receipt.reason
        assert any_channel.arrived() == []

    async def test_says_try_later_while_the_other_end_is_away_and_sends_again_after(
        self, any_channel: Harness
    ) -> None:
        await any_channel.break_down()
        while_away = await any_channel.channel.send(a_mail())
        await any_channel.mend()
        afterwards = await any_channel.channel.send(a_mail())

        assert isinstance(while_away, TryLater)
        assert isinstance(afterwards, Accepted)
        assert len(any_channel.arrived()) == 1

    async def test_delivers_one_mail_for_one_id_where_it_says_that_repeats_are_safe(
        self, any_channel: Harness
    ) -> None:
        receipts = [await any_channel.channel.send(a_mail()) for _ in range(2)]

        assert all(isinstance(receipt, Accepted) for receipt in receipts)
        assert (len(any_channel.arrived()) == 1) is any_channel.channel.repeats_are_safe

    async def test_is_closed_more_than_once_without_complaint(self, any_channel: Harness) -> None:
        await any_channel.channel.send(a_mail())

        await any_channel.channel.aclose()
        await any_channel.channel.aclose()

        assert len(any_channel.arrived()) == 1


class TestEveryRemoteChannel:
    async def test_says_rejected_with_the_providers_words_when_it_is_refused_for_good(
        self, remote: RemoteHarness
    ) -> None:
        remote.refuse_the_next()
        receipt = await remote.channel.send(a_mail())

        assert isinstance(receipt, Rejected)
        assert "valid address" in receipt.reason or "No such user" in receipt.reason
        assert remote.arrived() == []

    async def test_says_try_later_when_it_is_refused_for_now(self, remote: RemoteHarness) -> None:
        remote.postpone_the_next()
        receipt = await remote.channel.send(a_mail())

        assert isinstance(receipt, TryLater)
        assert remote.arrived() == []

    async def test_sends_the_next_mail_after_a_refusal(self, remote: RemoteHarness) -> None:
        remote.refuse_the_next()
        await remote.channel.send(a_mail(message_id="msg_1"))
        receipt = await remote.channel.send(a_mail(message_id="msg_2"))

        assert isinstance(receipt, Accepted)
        assert [mail.message_id for mail in remote.arrived()] == ["msg_2"]

    async def test_says_unknown_when_the_answer_is_lost_and_never_sends_again_by_itself(
        self, remote: RemoteHarness
    ) -> None:
        remote.lose_the_next_answer()
        receipt = await remote.channel.send(a_mail())

        assert isinstance(receipt, Unknown)
        assert len(remote.arrived()) == 1

    async def test_carries_many_mails_at_once(self, remote: RemoteHarness) -> None:
        mails = [replace(a_mail(), message_id=f"msg_{number}") for number in range(20)]

        receipts = await asyncio.gather(*(remote.channel.send(mail) for mail in mails))

        assert all(isinstance(receipt, Accepted) for receipt in receipts)
        assert {mail.message_id for mail in remote.arrived()} == {m.message_id for m in mails}

    async def test_notices_that_the_other_end_restarted_between_two_mails(
        self, remote: RemoteHarness
    ) -> None:
        await remote.channel.send(a_mail(message_id="msg_1"))
        await remote.break_down()
        await remote.mend()
        receipt = await remote.channel.send(a_mail(message_id="msg_2"))

        assert isinstance(receipt, Accepted)
        assert [mail.message_id for mail in remote.arrived()] == ["msg_1", "msg_2"]
