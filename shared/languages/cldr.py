"""Finds the CLDR locale that formats a language's dates. It imports Babel, so the ingress must not import it."""

from babel import Locale, UnknownLocaleError

from shared.languages.catalogue import REFERENCE


def get_cldr_locale(language: str) -> Locale:
    """Return the locale of a tag such as `pt-BR`; the English one where CLDR knows no such language."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale(REFERENCE)
