"""The URL of a business's own page, which the links in e-mails open."""

import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

MAX_URL_CHARACTERS = 500

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost"})
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]+", re.ASCII)
"""What RFC 3986 allows, without the brackets of IPv6 addresses: a space or a quote would end a link too early."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


def check_page_url(text: str) -> str:
    """Return the URL, with `/` as its path where it has none.

    Raises:
        ValueError: it is not https (http is for this machine alone), has a fragment, or is no URL at all.
    """
    if "#" in text:
        raise ValueError("must not have a fragment (#...): the links in e-mails add one of their own")
    if len(text) > MAX_URL_CHARACTERS or not _CHARACTERS.fullmatch(text):
        raise ValueError(
            f"must be an address of at most {MAX_URL_CHARACTERS} characters such as https://example.com/visits, "
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


def find_page_url(origins: Iterable[str]) -> str | None:
    """Return the first of the origins that is valid as a page's URL; None if there is none."""
    for origin in origins:
        with suppress(ValueError):
            return check_page_url(origin)
    return None
