"""The language of a page and its texts: the browser's first preference for which there is a catalogue."""

from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request

from shared.languages.catalogue import Catalogue, Texts

CATALOGUE = Catalogue(Path(__file__).parent / "locales")

_MAX_PREFERENCES = 10


def find_request_texts(request: Request) -> Texts:
    """Return the texts in the language of a request."""
    return CATALOGUE.get_texts(choose_browser_language(request.headers.get("accept-language", "")))


def choose_browser_language(accept_language: str) -> str:
    """Return the tag of a language for an Accept-Language header (RFC 9110, section 12.5.4)."""
    ranked = sorted(_parse_preferences(accept_language), key=lambda preference: -preference[1])
    return CATALOGUE.choose_language(*(name for name, weight in ranked if weight > 0))


def _parse_preferences(header: str) -> Iterator[tuple[str, float]]:
    for preference in header.split(",")[:_MAX_PREFERENCES]:
        name, _, parameter = preference.partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            yield name.strip(), float(weight) if weight else 1.0
        except ValueError:
            continue
