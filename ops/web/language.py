"""The language of a page, and its texts: the first that the browser prefers among those that we speak."""

from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request

from shared.languages.catalogue import Catalogue, Texts

CATALOGUE = Catalogue(Path(__file__).parent / "locales")

_MOST_WISHES = 10


def texts_of(request: Request) -> Texts:
    """Return the texts of a request's page."""
    return CATALOGUE.texts(language_of_browser(request.headers.get("accept-language", "")))


def language_of_browser(accept_language: str) -> str:
    """Return the tag of a language for an Accept-Language header (RFC 9110, section 12.5.4)."""
    ranked = sorted(_wishes(accept_language), key=lambda wish: -wish[1])
    return CATALOGUE.language_of(*(name for name, weight in ranked if weight > 0))


def _wishes(header: str) -> Iterator[tuple[str, float]]:
    for wish in header.split(",")[:_MOST_WISHES]:
        name, _, parameter = wish.partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            yield name.strip(), float(weight) if weight else 1.0
        except ValueError:
            continue
