"""Traits: what an identify call says about a person, read into values that we can rely on.

Shops send what their customers typed. A trait that cannot be used is left out and told in
`problems`; it never costs the rest of the message.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

from babel.localedata import locale_identifiers
from pydantic import TypeAdapter

from domain.addresses import normalised

#: The channels that a person may consent to.
CHANNELS: Final = frozenset({"email", "sms", "push"})

_LONGEST_NAME: Final = 255
_LONGEST_ADDRESS: Final = 320
_OLDEST_BIRTHDAY: Final = 1900
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(datetime)
_LOCALE: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[a-z]{4}))?(?:[-_](?P<region>[a-z]{2}|\d{3}))?"
    r"(?:[-_.@].*)?",
    re.IGNORECASE | re.ASCII,
)
_PHONE: Final = re.compile(r"\+?\d{5,15}", re.ASCII)
_PHONE_PUNCTUATION: Final = re.compile(r"[\s().\-/]")
#: A name that holds a link is an attempt to have us mail somebody an advertisement.
_LINK: Final = re.compile(r"://|www\.", re.IGNORECASE)

_COUNTRY_CODES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
#: ISO 3166-1 alpha-2.
COUNTRIES: Final = frozenset(_COUNTRY_CODES.split())


@dataclass(frozen=True, slots=True)
class Traits:
    """What is said about a person. None means that nothing usable is said."""

    email: str | None = None
    #: Digits, with a leading + when the country's code is part of it.
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    #: BCP 47: `de-AT`.
    locale: str | None = None
    #: IANA: `Europe/Vienna`.
    timezone: str | None = None
    #: ISO 3166-1 alpha-2: `AT`.
    country: str | None = None
    birthday: date | None = None
    created_at: datetime | None = None
    #: The channels consented to. Empty: all are refused. None: nothing is said.
    consent: frozenset[str] | None = None
    other: Mapping[str, Any] = field(default_factory=dict)
    #: What could not be used, each as `trait: why and how to write it`.
    problems: tuple[str, ...] = ()


def read_traits(traits: Mapping[str, Any]) -> Traits:
    """The traits in any JSON object; raises nothing."""
    found: dict[str, Any] = {}
    other: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in _flat(traits).items():
        if name not in _READERS:
            other[name] = value
        elif value is not None:
            target, read = _READERS[name]
            try:
                found[target] = read(value)
            except ValueError as error:
                problems.append(f"{name}: {error}")
    if "consent" in found:
        problems += _unknown_channels(traits["marketing_consent"])
    return Traits(**found, other=other, problems=tuple(problems))


def _flat(traits: Mapping[str, Any]) -> dict[str, Any]:
    """`traits` with the country beside the rest of the address, not in it."""
    flat = dict(traits)
    if isinstance(address := flat.get("address"), dict) and "country" in address:
        rest = {name: value for name, value in address.items() if name != "country"}
        flat["address.country"] = address["country"]
        flat.pop("address")
        flat |= {"address": rest} if rest else {}
    return flat


def _email(value: Any) -> str:
    address = normalised(_text(value, longest=_LONGEST_ADDRESS))
    if address is None:
        raise ValueError("this is no address that mail can be sent to")
    return address


def _phone(value: Any) -> str:
    digits = _PHONE_PUNCTUATION.sub("", _text(str(value) if type(value) is int else value))
    if not _PHONE.fullmatch(digits):
        raise ValueError("this is no phone number; write it like '+43 1 234567'")
    return digits


def _name(value: Any) -> str | None:
    name = " ".join(_text(value).split())
    if not name.isprintable() or _LINK.search(name):
        raise ValueError("a name holds no links and no control characters")
    return name or None


@lru_cache(maxsize=1_024)
def _known_locale(text: str) -> str:
    match = _LOCALE.fullmatch(text)
    if not match or match["language"].lower() not in _languages():
        raise ValueError("this is no locale; write it like 'de-AT'")
    parts = (match["language"].lower(), (match["script"] or "").title(), match["region"] or "")
    return "-".join(part for part in (*parts[:2], parts[2].upper()) if part)


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(name for name in locale_identifiers() if "_" not in name)


def _locale(value: Any) -> str:
    return _known_locale(_text(value))


@lru_cache(maxsize=1)
def _timezones() -> Mapping[str, str]:
    return {name.lower(): name for name in available_timezones()}


def _timezone(value: Any) -> str:
    if name := _timezones().get(_text(value).lower()):
        return name
    raise ValueError("this is no IANA time zone; write it like 'Europe/Vienna'")


def _country(value: Any) -> str:
    code = _text(value).upper()
    if code in COUNTRIES:
        return code
    raise ValueError("this is no country's code of two letters (ISO 3166); write it like 'AT'")


def _birthday(value: Any) -> date:
    birthday = _moment(value).date()
    if birthday.year < _OLDEST_BIRTHDAY:
        raise ValueError(f"nobody who buys was born before {_OLDEST_BIRTHDAY}")
    return birthday


def _created_at(value: Any) -> datetime:
    moment = _moment(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, bool):
            raise ValueError("neither true nor false is a date")  # noqa: TRY301, TRY004 - one place
        moment = _MOMENT.validate_python(value)
        moment.astimezone(UTC)  # the first and last day of the calendar may not have one
    except (ValueError, OverflowError) as error:
        raise ValueError("this is no date; write it like '1990-04-23' (ISO 8601)") from error
    return moment


def _consent(value: Any) -> frozenset[str]:
    if isinstance(value, bool):
        return CHANNELS if value else frozenset()
    if isinstance(value, list):
        # A channel that is not in the list is not consented to, whatever else the list holds.
        return frozenset(channel for channel in value if _is_channel(channel))
    raise ValueError(f"write true, false or a list of channels ({', '.join(sorted(CHANNELS))})")


def _unknown_channels(value: Any) -> list[str]:
    if not isinstance(value, list) or all(_is_channel(channel) for channel in value):
        return []
    known = ", ".join(sorted(CHANNELS))
    return [f"marketing_consent: something is left out; the channels are {known}"]


def _is_channel(value: Any) -> bool:
    return isinstance(value, str) and value in CHANNELS


def _text(value: Any, *, longest: int = _LONGEST_NAME) -> str:
    if not isinstance(value, str):
        raise ValueError("write it as text")  # noqa: TRY004 - problems of input are ValueErrors
    if len(value) > longest:
        raise ValueError(f"this is longer than {longest} characters")
    return value.strip()


#: Segment's name of a trait, ours, and how it is read.
_READERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "email": ("email", _email),
    "phone": ("phone", _phone),
    "firstName": ("first_name", _name),
    "lastName": ("last_name", _name),
    "locale": ("locale", _locale),
    "timezone": ("timezone", _timezone),
    "address.country": ("country", _country),
    "birthday": ("birthday", _birthday),
    "createdAt": ("created_at", _created_at),
    "marketing_consent": ("consent", _consent),
}
