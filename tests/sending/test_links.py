import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from sending.links import BadToken, Links, LinkSubject, unsubscribe_headers

SECRET = "s" * 32
LINKS = Links(SECRET, "https://mail.shop.example/")


class TestLinks:
    def test_lead_to_the_gateway(self) -> None:
        assert LINKS.unsubscribe("c_1", "m_1").startswith("https://mail.shop.example/unsubscribe/")
        assert LINKS.preferences("c_1", "m_1").startswith("https://mail.shop.example/preferences/")

    def test_tell_whom_an_unsubscription_is_for_and_from_which_message(self) -> None:
        token = LINKS.unsubscribe("c_1", "m_1").rpartition("/")[2]

        assert LINKS.read(token) == LinkSubject(customer_id="c_1", message_id="m_1")

    def test_tell_whose_preferences_are_asked_for(self) -> None:
        token = LINKS.preferences("c_1", "m_1").rpartition("/")[2]

        assert LINKS.read(token) == LinkSubject(customer_id="c_1", message_id="m_1")

    def test_stay_the_same_for_ever(self) -> None:
        again = Links(SECRET, "https://mail.shop.example")

        assert LINKS.preferences("c_1", "m_1") == again.preferences("c_1", "m_1")

    def test_of_mails_that_told_only_the_customer_are_read_still(self) -> None:
        token = "WyJjXzEiXQ._06o1lhWKKvXjLvgP-R9xOFASP-JhZOAl_sWyssjOjk"

        assert LINKS.read(token) == LinkSubject("c_1", message_id=None)

    def test_need_no_quoting_in_an_address(self) -> None:
        token = LINKS.unsubscribe("c_" + "ü/+?" * 9, "m_1").rpartition("/unsubscribe/")[2]

        assert token.isascii()
        assert set(token) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
        )

    def test_are_refused_when_signed_with_another_secret(self) -> None:
        token = (
            Links("x" * 32, "https://mail.shop.example")
            .preferences("c_1", "m_1")
            .rpartition("/")[2]
        )

        with pytest.raises(BadToken, match="open it again from the mail"):
            LINKS.read(token)

    def test_that_confirm_are_none_that_unsubscribe(self) -> None:
        token = LINKS.confirmation("cus_1", "msg_1").rpartition("/")[2]

        assert LINKS.read_confirmation(token) == LinkSubject("cus_1", "msg_1")
        with pytest.raises(BadToken):
            LINKS.read(token)

    def test_are_refused_when_signed_for_another_purpose(self) -> None:
        token = URLSafeSerializer(SECRET, signer_kwargs={"digest_method": sha256}).dumps(["c_1"])

        with pytest.raises(BadToken):
            LINKS.read(str(token))

    @given(st.text())
    def test_are_refused_when_made_up(self, token: str) -> None:
        with pytest.raises(BadToken):
            LINKS.read(token)

    @given(st.data())
    def test_are_refused_when_changed_anywhere(self, data: st.DataObject) -> None:
        token = LINKS.unsubscribe("c_1", "m_1").rpartition("/")[2]
        place = data.draw(st.integers(0, len(token) - 2))
        character = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda c: c != token[place]))

        with pytest.raises(BadToken):
            LINKS.read(token[:place] + character + token[place + 1 :])


class TestUnsubscribeHeaders:
    def test_offer_one_click_and_name_the_list(self) -> None:
        headers = unsubscribe_headers(
            "https://mail.shop.example/unsubscribe/t", shop_url="https://www.shop.example/de"
        )

        assert headers == {
            "List-Unsubscribe": "<https://mail.shop.example/unsubscribe/t>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<marketing.shop.example>",
        }


class TestAFingerprint:
    def test_is_the_same_for_the_same_secret_and_does_not_hold_it(self) -> None:
        secret = "a secret of thirty-two characters"

        told = Links(secret, "https://one.example").fingerprint

        assert told == Links(secret, "https://two.example").fingerprint
        assert told != Links(f"{secret}!", "https://one.example").fingerprint
        assert re.fullmatch("[0-9a-f]{16}", told)
