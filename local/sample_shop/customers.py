"""Who buys at the sample shop: people of four languages. Their addresses lead nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """One customer of the sample shop."""

    id: str
    first_name: str
    last_name: str
    locale: str
    timezone: str
    country: str
    agrees_to_marketing: bool = True
    #: Signs up while the stories are told; the others are customers of old.
    is_new: bool = False

    @property
    def email(self) -> str:
        """An address in the domain that is reserved for examples."""
        return f"{self.id}@example.com"

    def traits(self) -> dict[str, Any]:
        """What the shop's identify call says about them."""
        since = {} if self.is_new else {"createdAt": "2024-03-01"}
        return since | {
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "locale": self.locale,
            "timezone": self.timezone,
            "address": {"country": self.country},
            "marketing_consent": self.agrees_to_marketing,
        }


def _living(
    locale: str, timezone: str, *names: tuple[str, str, str], agree: bool = True, new: bool = False
) -> tuple[SampleCustomer, ...]:
    country = locale.partition("-")[2]
    return tuple(
        SampleCustomer(customer_id, first, last, locale, timezone, country, agree, new)
        for customer_id, first, last in names
    )


_ALL = (
    *_living(
        "de-DE",
        "Europe/Berlin",
        ("lena", "Lena", "Hoffmann"),
        ("jonas", "Jonas", "Weber"),
        ("mia", "Mia", "Schneider"),
        ("paul", "Paul", "Krüger"),
        ("greta", "Greta", "Lindner"),
    ),
    *_living("de-AT", "Europe/Vienna", ("tobias", "Tobias", "Gruber"), ("anna", "Anna", "Moser")),
    *_living(
        "en-GB",
        "Europe/London",
        ("olivia", "Olivia", "Bennett"),
        ("harry", "Harry", "Walsh"),
        ("amelia", "Amelia", "Price"),
        ("george", "George", "Hughes"),
    ),
    *_living("en-IE", "Europe/Dublin", ("sean", "Seán", "Murphy"), ("niamh", "Niamh", "Byrne")),
    *_living("en-US", "America/Denver", ("dana", "Dana", "Whitaker")),
    *_living(
        "fr-FR",
        "Europe/Paris",
        ("chloe", "Chloé", "Lefèvre"),
        ("louis", "Louis", "Garnier"),
        ("manon", "Manon", "Dubois"),
        ("hugo", "Hugo", "Marchand"),
    ),
    *_living("fr-CH", "Europe/Zurich", ("elodie", "Élodie", "Rochat")),
    *_living(
        "tr-TR",
        "Europe/Istanbul",
        ("elif", "Elif", "Yılmaz"),
        ("mert", "Mert", "Demir"),
        ("zeynep", "Zeynep", "Kaya"),
        ("emre", "Emre", "Şahin"),
        ("defne", "Defne", "Aydın"),
    ),
    *_living("en-GB", "Europe/London", ("nora", "Nora", "Finch"), new=True),
    *_living("de-DE", "Europe/Berlin", ("felix", "Felix", "Baum"), new=True),
    *_living("tr-TR", "Europe/Istanbul", ("ayse", "Ayşe", "Arslan"), new=True),
    *_living("de-DE", "Europe/Berlin", ("karl", "Karl", "Brandt"), agree=False),
    *_living("en-GB", "Europe/London", ("ruth", "Ruth", "Ellis"), agree=False),
    *_living("fr-FR", "Europe/Paris", ("marc", "Marc", "Perrin"), agree=False),
    *_living("tr-TR", "Europe/Istanbul", ("selin", "Selin", "Çelik"), agree=False),
)

CUSTOMERS: Mapping[str, SampleCustomer] = {customer.id: customer for customer in _ALL}
