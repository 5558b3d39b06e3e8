"""Mails as messages: what arrives is what was written, however a mail program reads it."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

from hypothesis import example, given
from hypothesis import strategies as st

from sending.composing import compose
from sending.soundness import one_line
from tests.fakes.mail import a_mail

SENT_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

words = st.sampled_from(
    [
        "Käufer",
        "Anna",
        "Müller",
        "Çelik",
        "明日まで",
        "von",
        "李",
        "Sträßchen",
        "&",
        "d'Été",
        "(Wien)",
    ]
)
#: Lines as templates and people write them, with what mail gives a meaning of its own.
lines = st.sampled_from(
    ["", ".", "..", "From me", "--=_dormouse", "--=_dormouse--", "=_dormouse", "a=b", " x", "x \t"]
) | st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
)
texts = st.lists(lines, min_size=1, max_size=20).map("\n".join)
phrases = st.lists(words, min_size=1, max_size=15).map(" ".join)


class TestCompose:
    def test_writes_text_first_and_then_html(self) -> None:
        message = message_from_bytes(compose(a_mail(), sent_at=SENT_AT), policy=policy.default)

        assert message.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in message.iter_parts()] == [
            "text/plain",
            "text/html",
        ]

    def test_gives_the_same_mail_the_same_message_id(self) -> None:
        first = _read(compose(a_mail(), sent_at=SENT_AT))
        again = _read(compose(a_mail(), sent_at=SENT_AT))

        assert first["Message-ID"] == again["Message-ID"] == "<msg_0b54c9a2@shop.example>"

    def test_tells_when_and_for_whom_it_was_written(self) -> None:
        message = message_from_bytes(compose(a_mail(), sent_at=SENT_AT), policy=policy.default)

        assert message["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
        assert message["From"] == "Dormouse Shop <hello@shop.example>"
        assert message["To"] == "Zoë Müller <zoe@customer.example>"
        assert message["Reply-To"] == "help@shop.example"
        assert message["X-Dormouse-Message-Id"] == "msg_0b54c9a2"

    def test_poses_as_no_automatic_answer_which_mail_programs_hide(self) -> None:
        assert "Auto-Submitted" not in _read(compose(a_mail(), sent_at=SENT_AT))

    def test_never_folds_a_link_in_a_header(self) -> None:
        link = f"<https://shop.example/unsubscribe/{'t' * 200}>"

        written = compose(a_mail(headers={"List-Unsubscribe": link}), sent_at=SENT_AT)

        assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in written

    def test_encodes_headers_of_ours_that_ascii_cannot_write(self) -> None:
        headers = {"List-Id": "Grüße <news.shop.example>"}

        written = _read(compose(a_mail(headers=headers), sent_at=SENT_AT))

        assert _decoded(written["List-Id"]) == "Grüße <news.shop.example>"

    def test_writes_addresses_beyond_ascii_only_when_it_must(self) -> None:
        usual = compose(a_mail(), sent_at=SENT_AT)
        international = compose(a_mail(to_address="zoë@customer.example"), sent_at=SENT_AT)

        assert usual.isascii()
        assert "<zoë@customer.example>".encode() in international

    @given(phrases, phrases)
    @example("Zoë", "Sie, übrig für heute: Nur Zoë Äpfel … ja")
    @example("Zoë", "Sie, Käse Grüße die schöne Grüße … für")
    def test_loses_no_space_in_names_and_subjects_of_any_script(
        self, name: str, subject: str
    ) -> None:
        message = _read(compose(a_mail(to_name=name, subject=subject), sent_at=SENT_AT))

        assert _decoded(message["Subject"]) == subject
        assert _decoded(parseaddr(_unfolded(message["To"]))[0]) == name

    @given(st.text(st.characters(codec="utf-8")).filter(one_line))
    def test_arrives_whatever_the_subject_is(self, subject: str) -> None:
        message = _read(compose(a_mail(subject=subject), sent_at=SENT_AT))

        assert _decoded(message["Subject"]) == one_line(subject)
        assert message["To"].endswith("<zoe@customer.example>")

    @given(texts, texts)
    @example("\n".join(["明日まで"] * 40), "<p>Käse</p>")
    def test_delivers_text_and_html_as_they_were_written(self, text: str, html: str) -> None:
        written = compose(a_mail(text=text, html=html), sent_at=SENT_AT)

        message = message_from_bytes(written, policy=policy.default)
        parts = [part.get_content().splitlines() for part in message.iter_parts()]
        assert parts == [(text or "\n").splitlines(), (html or "\n").splitlines()]
        assert max(map(len, written.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76

    @given(phrases)
    def test_keeps_to_the_length_of_lines_that_mail_allows(self, phrase: str) -> None:
        written = compose(a_mail(to_name=phrase, subject=phrase, headers={}), sent_at=SENT_AT)

        assert max(len(line) for line in written.split(b"\r\n")) <= 78


def _read(written: bytes) -> Message:
    # By the library's older reader: the newer one puts spaces into long names by mistake.
    return message_from_bytes(written, policy=policy.compat32)


def _decoded(header: str) -> str:
    return str(make_header(decode_header(_unfolded(header))))


def _unfolded(header: str) -> str:
    return header.replace("\r\n", "")
