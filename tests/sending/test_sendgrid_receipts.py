"""What each answer of SendGrid means for a mail."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.channel import Accepted, Receipt, Rejected, TryLater, Unknown
from sending.sendgrid import Answer, receipt_for

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TestReceipt:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (200, Accepted),  # the sandbox
            (202, Accepted),
            (204, Unknown),
            (302, TryLater),
            (400, Rejected),
            (401, TryLater),
            (403, TryLater),
            (404, TryLater),
            (405, TryLater),
            (408, TryLater),
            (413, Rejected),
            (415, Rejected),
            (429, TryLater),
            (500, Unknown),
            (502, Unknown),
            (503, TryLater),
            (504, Unknown),
        ],
    )
    def test_tells_whether_the_mail_may_have_been_taken(
        self, status: int, kind: type[Receipt]
    ) -> None:
        receipt = receipt_for(Answer(status, {}, b'{"errors": [{"message": "no"}]}'), now=NOW)

        assert type(receipt) is kind

    def test_trusts_no_bare_503_which_may_come_from_a_proxy_behind_which_the_mail_went_on(
        self,
    ) -> None:
        receipt = receipt_for(Answer(503, {}, b""), now=NOW)

        assert isinstance(receipt, Unknown)

    @pytest.mark.parametrize(
        ("headers", "after"),
        [
            ({}, None),
            ({"Retry-After": "120"}, timedelta(minutes=2)),
            ({"Retry-After": "Sun, 01 Mar 2026 12:05:00 GMT"}, timedelta(minutes=5)),
            ({"X-RateLimit-Reset": "1772366460"}, timedelta(minutes=1)),
            ({"X-RateLimit-Reset": "1772366460", "Retry-After": "5"}, timedelta(seconds=5)),
            ({"X-RateLimit-Reset": "1"}, timedelta(0)),
            ({"Retry-After": "-5"}, timedelta(0)),
            ({"Retry-After": "999999999999"}, timedelta(days=1)),
            ({"Retry-After": "9" * 400}, None),
            ({"Retry-After": "soon"}, None),
            ({"Retry-After": "1.5e999"}, None),
        ],
    )
    def test_tells_how_long_to_wait_when_sendgrid_says_so(
        self, headers: dict[str, str], after: timedelta | None
    ) -> None:
        receipt = receipt_for(Answer(429, headers, b"{}"), now=NOW)

        assert isinstance(receipt, TryLater)
        assert receipt.after == after

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "no explanation"),
            (b"<html>Bad\ngateway</html>", "<html>Bad gateway</html>"),
            (b'{"errors": "none"}', '{"errors": "none"}'),
            (b'{"errors": [{"message": null}]}', "None"),
            (b"\xff\xfe", "\ufffd\ufffd"),
        ],
    )
    def test_explains_with_what_it_has(self, body: bytes, words: str) -> None:
        receipt = receipt_for(Answer(400, {}, body), now=NOW)

        assert receipt == Rejected(f"SendGrid refuses the mail (400: {words}).")

    @given(
        status=st.integers(100, 999),
        headers=st.dictionaries(
            st.sampled_from(["Retry-After", "X-RateLimit-Reset", "X-Message-Id"]), st.text()
        ),
        body=st.binary(),
    )
    def test_exists_for_every_answer(
        self, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        assert receipt_for(Answer(status, headers, body), now=NOW)
