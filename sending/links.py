"""Links that act for one customer without a sign-in: signed, opaque, and valid for ever."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from domain.errors import DormouseError

#: Signatures made for another purpose with the same secret are none of ours.
_SALT: Final = "dormouse.links"
#: A link that anybody gets to leave must not be one that subscribes.
_CONFIRMING: Final = "dormouse.confirmations"


#: Of the name that installations go by.
_NAMED: Final = b"dormouse.installation"


class BadToken(DormouseError):
    """The token of a link is not one that we signed."""


@dataclass(frozen=True, slots=True)
class LinkSubject:
    """Whom a link acts for, and the message it stood in when there is one."""

    customer_id: str
    message_id: str | None = None


class Links:
    """Makes and reads the links of one installation.

    Tokens hold our own opaque ids and nothing about a person. They never expire: whoever digs
    out a mail after years may still unsubscribe.
    """

    def __init__(self, secret: str, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        #: Tells whether others make the same links; see `fingerprint`.
        self.fingerprint = fingerprint(secret)
        self._leaving, self._confirming = _signer(secret, _SALT), _signer(secret, _CONFIRMING)

    def unsubscribe(self, customer_id: str, message_id: str) -> str:
        """Where the receiver of this message unsubscribes."""
        return f"{self._base_url}/unsubscribe/{self._token(customer_id, message_id)}"

    def preferences(self, customer_id: str, message_id: str) -> str:
        """Where the receiver of this message chooses what to receive."""
        return f"{self._base_url}/preferences/{self._token(customer_id, message_id)}"

    def confirmation(self, customer_id: str, message_id: str) -> str:
        """Where the receiver of this message confirms that they want to be written to."""
        token = _sign(self._confirming, (customer_id, message_id))
        return f"{self._base_url}/confirm/{token}"

    def read(self, token: str) -> LinkSubject:
        """Whom a token was made for; raises BadToken when it is not ours."""
        return _read(self._leaving, token)

    def read_confirmation(self, token: str) -> LinkSubject:
        """Who confirms with this token, and the message it stood in; raises BadToken."""
        return _read(self._confirming, token)

    def _token(self, *ids: str) -> str:
        return _sign(self._leaving, ids)


def _signer(secret: str, salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def _sign(signer: URLSafeSerializer, ids: tuple[str, ...]) -> str:
    token = signer.dumps(ids)
    return token if isinstance(token, str) else token.decode("ascii")


def _read(signer: URLSafeSerializer, token: str) -> LinkSubject:
    try:
        ids = signer.loads(token)
    except BadData as error:
        message = "This link is not complete: open it again from the mail, in one piece."
        raise BadToken(message) from error
    return LinkSubject(*ids)


def fingerprint(secret: str) -> str:
    """What tells whether two processes make the same links, without telling their secret."""
    return hmac.new(secret.encode(), _NAMED, hashlib.sha256).hexdigest()[:16]


def unsubscribe_headers(url: str, *, shop_url: str) -> dict[str, str]:
    """The headers of a marketing mail by which mail programs offer one-click unsubscription.

    RFC 8058 for the first two, RFC 2919 for `List-Id`: a name below the shop's own domain.
    """
    domain = urlsplit(shop_url).hostname or "localhost"
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<marketing.{domain.removeprefix('www.')}>",
    }
