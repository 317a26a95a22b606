"""Language tags (BCP 47), and the choice of the best available one."""

import re
from collections.abc import Iterable

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE | re.ASCII)
"""Language, script and region, such as `pl`, `pt-BR` or `zh-Hant-TW` (RFC 5646, section 2.1)."""

_MAX_TAG_CHARACTERS = 35
"""What a tag takes at most in practice (RFC 5646, section 4.4.1)."""


def normalize_tag(text: str) -> str:
    """Return a tag as it is usually written, such as `pt-BR`.

    Raises:
        ValueError: the text is no tag of a language, optionally with its script and its region.
    """
    match = _TAG.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not the tag of a language such as pl, de or pt-BR")
    language, script, region = match.groups(default="")
    return "-".join(filter(None, (language.lower(), script.title(), region.upper())))


def match_language(available: Iterable[str], *preferred: str | None) -> str | None:
    """Return the first preferred tag that is available, or a shorter form of it: for `de-AT` also `de`.

    This is the lookup of RFC 4647, section 3.4. `_` counts as `-`; None if nothing matches.
    """
    known = {tag.lower(): tag for tag in available}
    for tag in preferred:
        candidate = (tag or "")[:_MAX_TAG_CHARACTERS].lower().replace("_", "-")
        while candidate:
            if candidate in known:
                return known[candidate]
            candidate = candidate.rpartition("-")[0]
    return None
