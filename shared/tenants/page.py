"""The address of a business's own page, which the links in letters open."""

import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

MAX_PAGE_CHARACTERS = 500

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost"})
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]+", re.ASCII)
"""What RFC 3986 allows, without the brackets of IPv6 addresses: no space or quote ends a link too early."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


def page_address(text: str) -> str:
    """Return the address, with a path in any case.

    Raises:
        ValueError: it is not https (http is for this machine alone), has a fragment, or is no address at all.
    """
    if "#" in text:
        raise ValueError("must not have a fragment (#...): the links in letters add one of their own")
    if len(text) > MAX_PAGE_CHARACTERS or not _CHARACTERS.fullmatch(text):
        raise ValueError(
            f"must be an address of at most {MAX_PAGE_CHARACTERS} characters such as https://example.com/visits, "
            "with everything but plain letters and digits percent-encoded"
        )
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not an address such as https://example.com/visits") from None
    if parts.username is not None or not _HOST.fullmatch(host):
        raise ValueError("is not an address such as https://example.com/visits")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _THIS_MACHINE):
        raise ValueError("must begin with https:// (http:// is for 127.0.0.1 and localhost alone)")
    return urlunsplit(parts._replace(path=parts.path or "/"))


def first_page(origins: Iterable[str]) -> str | None:
    """Return the first of the origins that is fit to be a page's address."""
    for origin in origins:
        with suppress(ValueError):
            return page_address(origin)
    return None
