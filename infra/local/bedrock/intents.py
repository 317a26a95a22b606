"""Recognises messages that ask for no fact: requests for an appointment or staff, and courtesies (`intents.yaml`)."""

import re
from pathlib import Path
from typing import Literal

import yaml

from workers.chat.retrieval.analysis import split_words

Intent = Literal["book", "decline", "identity", "person", "complaint"]
Lookup = Literal["times", "visits"]
Courtesy = Literal["greeting", "thanks", "goodbye"]
_MAX_SHORT_WORDS = 4
_PATTERNS = {
    name: re.compile(rf"\b(?:{'|'.join(patterns)})\b")
    for name, patterns in yaml.load(
        Path(__file__).with_name("intents.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    ).items()
}


def detect_intent(text: str, *, previous_answer: str = "") -> Intent | None:
    """Return the intent of a message, or None if it asks for a fact or is only a courtesy.

    `previous_answer` is the assistant's last turn: a "yes" to its offer asks for an appointment.
    """
    plain = _fold_sentence(text)
    is_offer = previous_answer.rstrip().endswith("?") and _has_phrase("book", _fold_sentence(previous_answer))
    if is_offer and _PATTERNS["consent"].match(plain):
        return "book"
    intents: tuple[Intent, ...] = ("identity", "person", "complaint", "decline")
    found = next((intent for intent in intents if _has_phrase(intent, plain)), None)
    if found is None and any(
        _is_booking_request(_fold_sentence(sentence)) for sentence in re.split(r"[?!]|\.(?!\d)", text)
    ):
        return "book"
    return found


def detect_lookup(text: str) -> Lookup | None:
    """Return what a message asks to look up, or None. Who wants to book, or asks for a fact, asks for nothing else."""
    plain = _fold_sentence(text)
    if _has_phrase("own_visits", plain):
        return "visits"
    is_about_times = _has_phrase("free_times", plain) and not _has_phrase("fact", plain)
    return "times" if is_about_times and not _has_phrase("commitment", plain) else None


def detect_courtesy(text: str) -> tuple[Courtesy, str] | None:
    """Return a greeting, thanks or a goodbye, and the words of the message beside it."""
    plain = _fold_sentence(text)
    kinds: tuple[Courtesy, ...] = ("greeting", "thanks", "goodbye")
    return next(((kind, _PATTERNS[kind].sub(" ", plain)) for kind in kinds if _has_phrase(kind, plain)), None)


def is_continuation(text: str) -> bool:
    """Return whether a message continues the previous question, such as "and on Saturday?"."""
    return _PATTERNS["continuation"].match(_fold_sentence(text)) is not None


def _is_booking_request(sentence: str) -> bool:
    if _has_phrase("fact", sentence):
        return False
    if _has_phrase("book", sentence):
        return True
    is_short = len(sentence.split()) <= _MAX_SHORT_WORDS and not _PATTERNS["question"].match(sentence)
    if _has_phrase("day", sentence) and not is_continuation(sentence):
        return _has_phrase("wish", sentence) or (is_short and _has_phrase("part_of_day", sentence))
    return _has_phrase("visit", sentence) and (is_short or _has_phrase("wish", sentence))


def _has_phrase(name: str, plain: str) -> bool:
    return _PATTERNS[name].search(plain) is not None


def _fold_sentence(text: str) -> str:
    return " ".join(split_words(text))
