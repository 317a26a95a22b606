"""Tells whether a visitor asks for an appointment, rather than about one."""

import re

from infra.local.bedrock.language import any_of, fold

_ASKS_TO_BOOK = any_of(
    "book|booking|schedule|reserve|reservation|slots?",
    "(free|available|open) (slot|time|date|appointment)s?",
    r"umow(ic|ilbym|ilabym|cie)?|umawia\w*|zapis(ac|z|ywac)\w*|(za)?rezerw\w*",
    r"woln\w+ (termin|godzin)\w*|najbliz\w+ (\w+ )?termin\w*",
    r"(any|is there an?|are there|macie|jest|sa) (\w+ )?(appointments?|termin\w*)",
)
_MENTIONS_VISIT = any_of(r"appointments?|visit|wizyt\w*|termin\w*|spotkani\w*")
_WISH = any_of(
    "want|need|like|would|can i|could|make|get|arrange|come",
    r"chce|chcial\w*|po?prosz\w*|potrzeb\w*|moge|mozna|znajd\w*",
)
_FACT = any_of(
    r"how (much|long|far|many)|price\w*|cost\w*|fees?|charge|where|why|pay\w*|card|address|park\w*",
    r"ile|koszt\w*|cen(a|e|y)|cennik\w*|gdzie|dlaczego|plac\w*|plat\w*|kart\w*|adres\w*",
    r"cancel\w*|reschedul\w*|policy|what happens|my (appointment|booking)|prepar\w*|bring|during",
    r"odwol\w*|anul\w*|przeloz\w*|przesun\w*|polity\w*|regulamin\w*|moj\w* (wizyt|rezerwac)\w*",
    r"przygotow\w*|zabrac|trwa|podczas|trzeba|musze|musi|wymagan\w*|bez",
    "(do|must) (i|we) (need|have)|have to|required|necessary|without",
)
_REFUSAL = any_of(r"(don t|do not|dont|not|nie) (\w+ )?(want|need|book|chce|potrzeb\w*|umaw\w*|rezerw\w*)")
_CONSENT = any_of(
    "yes|yeah|yep|sure|ok|okay|please|of course|tak|jasne|pewnie|chetnie|poprosze|prosze|dobrze",
)
_QUESTION = any_of("what|how|which|who|is|are|does|co|jak|jaka|czy|kto|ktora")
_SHORT_MESSAGE_WORDS = 4


def wants_booking(text: str, said_before: str = "") -> bool:
    """Whether a message asks for an appointment, rather than about one.

    `said_before` is the assistant's last turn: a "yes" to its offer asks for an appointment too.
    """
    plain = _plain(text)
    offered = said_before.rstrip().endswith("?") and _ASKS_TO_BOOK.search(fold(said_before)) is not None
    if offered and _CONSENT.match(plain):
        return True
    return any(_asks(sentence) for sentence in re.split(r"[.?!]", plain))


def declines_booking(text: str) -> bool:
    """Whether a message says that no appointment is wanted."""
    return _REFUSAL.search(_plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9_]+|[.?!]", fold(text)))


def _asks(sentence: str) -> bool:
    if _FACT.search(sentence) or _REFUSAL.search(sentence):
        return False
    if _ASKS_TO_BOOK.search(sentence):
        return True
    short = len(sentence.split()) <= _SHORT_MESSAGE_WORDS and not _QUESTION.match(sentence.strip())
    return _MENTIONS_VISIT.search(sentence) is not None and (short or _WISH.search(sentence) is not None)
