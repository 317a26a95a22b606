"""Recognises messages that ask for no fact: requests for an appointment or staff, and courtesies (`intents.yaml`)."""

import re
from pathlib import Path
from typing import Literal

import yaml

from workers.chat.retrieval.analysis import split_words

Intent = Literal["book", "decline", "identity", "person", "complaint"]
Courtesy = Literal["greeting", "thanks", "goodbye"]
_MAX_SHORT_WORDS = 4
_PATTERNS = {
    name: re.compile(rf"\b(?:{'|'.join(patterns)})\b")
    for name, patterns in yaml.safe_load(
        Path(__file__).with_name("intents.yaml").read_text(encoding="utf-8"),
    ).items()
}


def intent_of(text: str, *, previous_answer: str = "") -> Intent | None:
    """Return the intent of a message, or None if it asks for a fact or is only a courtesy.

    `previous_answer` is the assistant's last turn: a "yes" to its offer asks for an appointment.
    """
    plain = _plain(text)
    is_offer = previous_answer.rstrip().endswith("?") and _has("book", _plain(previous_answer))
    if is_offer and _PATTERNS["consent"].match(plain):
        return "book"
    intents: tuple[Intent, ...] = ("identity", "person", "complaint", "decline")
    found = next((intent for intent in intents if _has(intent, plain)), None)
    if found is None and any(_asks_to_book(_plain(sentence)) for sentence in re.split(r"[?!]|\.(?!\d)", text)):
        return "book"
    return found


def courtesy_of(text: str) -> tuple[Courtesy, str] | None:
    """Return a greeting, thanks or a goodbye, and the words of the message beside it."""
    plain = _plain(text)
    kinds: tuple[Courtesy, ...] = ("greeting", "thanks", "goodbye")
    return next(((kind, _PATTERNS[kind].sub(" ", plain)) for kind in kinds if _has(kind, plain)), None)


def is_continuation(text: str) -> bool:
    """Return whether a message continues the previous question, such as "and on Saturday?"."""
    return _PATTERNS["continuation"].match(_plain(text)) is not None


def _asks_to_book(sentence: str) -> bool:
    if _has("fact", sentence):
        return False
    if _has("book", sentence):
        return True
    is_short = len(sentence.split()) <= _MAX_SHORT_WORDS and not _PATTERNS["question"].match(sentence)
    if _has("day", sentence) and not is_continuation(sentence):
        return _has("wish", sentence) or (is_short and _has("part_of_day", sentence))
    return _has("visit", sentence) and (is_short or _has("wish", sentence))


def _has(name: str, plain: str) -> bool:
    return _PATTERNS[name].search(plain) is not None


def _plain(text: str) -> str:
    return " ".join(split_words(text))
