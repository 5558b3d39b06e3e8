"""Catalogues of translated texts: gettext `.po` files, compiled in memory at start."""

from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from sending.mails.error import TemplateError

#: The language the templates are written in.
SOURCE_LANGUAGE: Final = "en"


def read_translations(folder: Path, *, domain: str = "mails") -> dict[str, NullTranslations]:
    """The texts by language, from `<folder>/<language>/LC_MESSAGES/<domain>.po`."""
    found: dict[str, NullTranslations] = {SOURCE_LANGUAGE: NullTranslations()}
    for path in sorted(folder.glob(f"*/LC_MESSAGES/{domain}.po")):
        language = path.parent.parent.name
        found[language.replace("_", "-")] = _compiled(_read(path, language))
    return found


def _read(path: Path, language: str) -> Catalog:
    file = f"locale/{language}/LC_MESSAGES/{path.name}"
    try:
        with path.open("rb") as stream:
            catalog = read_po(stream, locale=language, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        message = f"this is no readable catalogue ({error}): mend the file."
        raise TemplateError(message, file=file) from error
    for text, errors in catalog.check():
        cure = f"the translation of {text.id!r} does not fit it ({errors[0]}): mend it."
        raise TemplateError(cure, file=file, line=text.lineno)
    return catalog


def _compiled(catalog: Catalog) -> GNUTranslations:
    stream = BytesIO()
    write_mo(stream, catalog)
    stream.seek(0)
    return GNUTranslations(stream)
