"""What ingress and authorizer need of a profile, as one JSON object beside the profile that it is compiled from.

It is read with the standard library alone: validating the YAML of a profile takes longer than the rest of their start.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.json_objects import parse_json_object
from shared.languages.catalogue import REFERENCE
from shared.languages.tags import match_language
from shared.tenants.rate_limits import parse_rate_limits

if TYPE_CHECKING:
    from shared.tenants.profile import TenantProfile

FILE = "profile.json"
FORMAT = 1
"""Increment it when the content changes its meaning: a reader of another format falls back to the YAML."""

_ETAG = re.compile(r'"[!#-~]{1,200}"')
"""It is sent in a header (https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)."""


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """The limits of what a visitor may send."""

    chat_characters: int
    rates_text: str = ""
    """The rate limits that the business has set, as `shared/tenants/rate_limits.py` writes them."""


@dataclass(frozen=True, slots=True)
class EdgeTexts:
    """A text in several languages."""

    by_language: Mapping[str, str]

    def choose_text(self, *preferred: str) -> str:
        """Return the text in the first preferred language that it has; else in English, or the first one given."""
        tag = match_language(self.by_language, *preferred, REFERENCE)
        return self.by_language[tag] if tag else next(iter(self.by_language.values()))


@dataclass(frozen=True, slots=True)
class EdgeProfile:
    """The part of a profile that decides about connections and is said in the welcome."""

    locale: str
    allowed_origins: tuple[str, ...]
    allow_missing_origin: bool
    limits: EdgeLimits
    disclosure: EdgeTexts
    phone: str | None = None
    email: str | None = None


def compile_edge_profile(profile: "TenantProfile", *, source_etag: str) -> str:
    """Return the content of the object; `source_etag` is the ETag of the profile's YAML."""
    content = {
        "format": FORMAT,
        "source_etag": source_etag,
        "locale": profile.locale,
        "allowed_origins": list(profile.allowed_origins),
        "allow_missing_origin": profile.allow_missing_origin,
        "chat_characters": profile.limits.chat_characters,
        "rates": profile.limits.rates_text,
        "disclosure": {tag: text for tag, text in profile.disclosure.root.items() if text},
        **({"phone": profile.phone} if profile.phone else {}),
        **({"email": profile.senders.email} if profile.senders.email else {}),
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def parse_edge_profile(text: str) -> tuple[EdgeProfile, str] | None:
    """Return the profile and the ETag of its source; None for any other content."""
    content = parse_json_object(text)
    if content is None or content.get("format") != FORMAT:
        return None
    try:
        texts = {str(tag): str(text) for tag, text in content["disclosure"].items()}
        profile = EdgeProfile(
            locale=str(content["locale"]),
            allowed_origins=tuple(map(str, content["allowed_origins"])),
            allow_missing_origin=content["allow_missing_origin"] is True,
            # A release before this one writes no rates.
            limits=EdgeLimits(int(content["chat_characters"]), str(content.get("rates", ""))),
            disclosure=EdgeTexts(texts),
            phone=_parse_optional_text(content.get("phone")),
            email=_parse_optional_text(content.get("email")),
        )
        etag = str(content["source_etag"])
        parse_rate_limits(profile.limits.rates_text)
        "".join(texts.values()).encode()  # fails for half a character, which JSON can spell
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return (profile, etag) if texts and _ETAG.fullmatch(etag) else None


def _parse_optional_text(value: object) -> str | None:
    """Return a text that can be sent; a release before this one writes none."""
    if value is None:
        return None
    text = str(value)
    text.encode()  # fails for half a character, as above
    return text
