"""The mails in the repository."""

from functools import cache
from pathlib import Path
from typing import Final

from sending.rendering import Templates

TEMPLATES: Final = Path(__file__).parents[2] / "templates"


@cache
def shipped(shop_locale: str = "en") -> Templates:
    """The mails in the repository, for a shop of this locale."""
    return Templates(TEMPLATES, default_locale=shop_locale)
