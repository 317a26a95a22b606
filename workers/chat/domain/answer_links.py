"""Shows links of an answer as text, unless they lead where the business itself leads its visitors.

A document or a message may talk the model into sending visitors to another site. Clients of every release make a link
of `](address)` and of `https://...`. Where the target is not allowed, a space is put into it, so that they show text.
Only spaces are added: what is left of two links can't form a third one, and an answer that streams only grows.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain

from shared.messages.server import ContactLink
from shared.tenants.profile import TenantProfile

_MAX_SITE_CHARACTERS = 260
_SITE = rf"(?P<site>[^\s\ufeff/?#\\@:\"'<>()\[\]{{}}|^`%*,;!&=+$]{{1,{_MAX_SITE_CHARACTERS}}}(?::\d{{1,5}})?)"
_ADDRESS = re.compile(rf"https?://{_SITE}(?:[/?#]|\Z)", re.IGNORECASE)
"""An address whose host every browser reads in the same way; any other is shown as text."""

_BEGINNING = re.compile(r"https?://|\]\(", re.IGNORECASE)
_PARTIAL_BEGINNING = re.compile(r"(?:h|ht|htt|https?|https?:|https?:/)\Z", re.IGNORECASE)
_MAX_BEGINNING = len("https://")
# JavaScript takes U+FEFF as white space, Python does not.
_BARE_SITE = re.compile(r"https?://[^\s\ufeff<>\"')\]/?#]{0,300}", re.IGNORECASE)
_AFTER_ADDRESS = ".,;:!*"
_TARGET = re.compile(r"[^()\s\ufeff]{0,500}(?:\([^()\s\ufeff]{0,500})?")
_SCHEME = re.compile(r"(?P<scheme>https?|mailto|tel):", re.IGNORECASE)
"""The schemes of which clients make links."""

MAX_SPACES = 500
"""A text ends before more links that are not allowed: with their spaces its frame could become too large."""

_LINKED_SITE = re.compile(rf"(?:https?://|\bwww\.){_SITE}", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"\+?\d[\d ().\-\u00a0]{4,20}\d")
_PHONE_LINK = re.compile(r"tel:\+?[\d.-]{3,24}", re.IGNORECASE)
_PHONE_DIGITS = 9
"""The last digits by which two spellings of a number are compared: only one may have the code of the country."""

_MIN_NATIONAL_DIGITS = 7

_CONTACT = re.compile(
    r"(?P<email>(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"
    r"|(?P<site>(?<![\w.@:/-])(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"
    r"(?:/[!-~]{0,60}[0-9A-Za-z/])?(?![\w@:-]))"
    r"|(?P<phone>(?<![\w+])\+?\d[\d ().\-\u00a0]{4,20}\d(?!\w))"
)
_MAX_CONTACTS = 8
_MAX_CONTACT_CHARACTERS = 80
"""They are in the frame beside the text, which may be nearly as long as a frame."""


@dataclass(frozen=True, slots=True)
class AllowedLinks:
    """Where links may lead: sites (host, and port if it is named), e-mail addresses and telephone numbers."""

    sites: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    """All digits of the telephone numbers, with the code of the country where it is written."""

    def find_contact(self, found: re.Match[str]) -> str | None:
        """Return where a number, an e-mail address or a site leads that is written without a scheme, if it may."""
        text = found[0]
        match found.lastgroup:
            case "email" if text.lower() in self.emails:
                return f"mailto:{text}"
            case "site" if _normalize_site(found["host"]) in self.sites:
                return f"https://{text}"
            case "phone":
                digits = _take_digits(text)
                # A number with another code of the country is another number, and may be an expensive one.
                national = "" if text.startswith("+") else digits.lstrip("0")
                is_known = digits in self.numbers or any(
                    len(national) >= _MIN_NATIONAL_DIGITS and number.endswith(national) for number in self.numbers
                )
                return f"tel:{'+' if text.startswith('+') else ''}{digits}" if is_known else None
        return None

    def allows_target(self, target: str) -> bool:
        """Return whether `](target)` may stay: it is allowed, or no client makes a link of it."""
        found = _SCHEME.match(target)
        match found["scheme"].lower() if found else None:
            case None:
                return True
            case "mailto":
                return target[len("mailto:") :].partition("?")[0].lower() in self.emails
            case "tel":
                return bool(_PHONE_LINK.fullmatch(target)) and _normalize_phone(target) in self.phones
        # A target may go on where a bare address ends. What is not allowed as a bare address gets its space there.
        bare = _BARE_SITE.match(target)
        is_broken_later = bare and not self.allows_bare_address(bare[0], target[bare.end() : bare.end() + 1])
        return bool(is_broken_later) or self._allows_address(target)

    def allows_bare_address(self, address: str, following: str) -> bool:
        """Decide by an address up to its path, and the character after that; at its end it loses punctuation."""
        has_path = following and following in "/?#"
        return self._allows_address(address if has_path else address.rstrip(_AFTER_ADDRESS))

    def _allows_address(self, address: str) -> bool:
        found = _ADDRESS.match(address)
        return found is not None and _normalize_site(found["site"]) in self.sites


class AnswerLinks:
    """The links of one answer; what is allowed is looked up only if the answer has one."""

    def __init__(self, find_allowed: Callable[[], AllowedLinks] = AllowedLinks) -> None:
        self._find_allowed = cache(find_allowed)

    def show(self, text: str, *, is_complete: bool) -> str:
        """Return the text in which only allowed links are links.

        Of a text that still grows, the end is left out while it may become a link. So what is returned is a beginning
        of what is returned of every text that it grows to.
        """
        parts: list[str] = []
        position, spaces = 0, 0
        # This runs for each delta with the whole text, and few answers have a link.
        for found in _BEGINNING.finditer(text) if "://" in text or "](" in text else ():
            is_target = found[0] == "]("
            # The space comes between `]` and `(`, or after `https://`.
            start = found.start() + 1 if is_target else found.start()
            end = start if is_target else found.end()
            run = (_TARGET.match(text, found.end()) if is_target else _BARE_SITE.match(text, start)) or found
            if spaces == MAX_SPACES or (run.end() == len(text) and not is_complete):
                return "".join((*parts, text[position:start]))
            is_allowed = self._is_allowed(run, is_target=is_target)
            parts += text[position:end], "" if is_allowed else " "
            position, spaces = end, spaces + (not is_allowed)
        rest = text[position:]
        partial = None if is_complete else _PARTIAL_BEGINNING.search(rest, max(0, len(rest) - _MAX_BEGINNING))
        return "".join((*parts, rest[: partial.start()] if partial else rest))

    def list_contacts(self, text: str) -> tuple[ContactLink, ...]:
        """Return the contacts of the business that a text names without a scheme, each once."""
        contacts: dict[str, ContactLink] = {}
        for found in _CONTACT.finditer(text):
            href = self._find_allowed().find_contact(found) if len(found[0]) <= _MAX_CONTACT_CHARACTERS else None
            if href and len(contacts) < _MAX_CONTACTS:
                contacts[found[0]] = ContactLink(text=found[0], href=href)
        return tuple(contacts.values())

    def _is_allowed(self, run: re.Match[str], *, is_target: bool) -> bool:
        if is_target:
            return self._find_allowed().allows_target(run[0])
        return self._find_allowed().allows_bare_address(run[0], run.string[run.end() : run.end() + 1])


def list_allowed_links(profile: TenantProfile, documents: Iterable[str]) -> AllowedLinks:
    """Return where answers of a business may lead: to its own sites, and where its documents lead."""
    own_sites = " ".join((*profile.allowed_origins, profile.page_url or "", *profile.disclosure.root.values()))
    contacts = f"{profile.senders.email or ''} {profile.phone or ''}"
    found = [find_links(own_sites), find_links(contacts), *map(find_links, documents)]
    return AllowedLinks(
        frozenset(chain.from_iterable(links.sites for links in found)),
        frozenset(chain.from_iterable(links.emails for links in found)),
        frozenset(chain.from_iterable(links.phones for links in found)),
        frozenset(chain.from_iterable(links.numbers for links in found)),
    )


@lru_cache(maxsize=256)  # documents are the same texts for every message
def find_links(text: str) -> AllowedLinks:
    """Return what a text links to, or names as one would: `www.salon.example`, `visits@salon.example`."""
    return AllowedLinks(
        frozenset(_normalize_site(found["site"]).rstrip(".-_~") for found in _LINKED_SITE.finditer(text)),
        frozenset(found[0].lower() for found in _EMAIL.finditer(text)),
        frozenset(_normalize_phone(found[0]) for found in _PHONE.finditer(text)),
        frozenset(_take_digits(found[0]) for found in _PHONE.finditer(text)),
    )


def _normalize_site(site: str) -> str:
    return site.lower().removeprefix("www.")


def _normalize_phone(text: str) -> str:
    return _take_digits(text)[-_PHONE_DIGITS:]


def _take_digits(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isdigit())
