"""The language of a page: the first that the browser prefers among those that we speak."""

from collections.abc import Iterator

from shared.texts import language_of

_MOST_WISHES = 10


def language_of_browser(accept_language: str) -> str:
    """Return `pl` or `en` for an Accept-Language header (RFC 9110, section 12.5.4)."""
    ranked = sorted(_wishes(accept_language), key=lambda wish: -wish[1])
    return language_of(*(name for name, weight in ranked if weight > 0))


def _wishes(header: str) -> Iterator[tuple[str, float]]:
    for wish in header.split(",")[:_MOST_WISHES]:
        name, _, parameter = wish.partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            yield name.strip(), float(weight) if weight else 1.0
        except ValueError:
            continue
