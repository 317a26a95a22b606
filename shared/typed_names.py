"""Makes names and notes that people typed safe to show, and keeps every character that belongs to a language."""

import unicodedata

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, surrogates, and separators of lines and paragraphs. Joiners, tags of flags, and emoji that this
Python's Unicode does not know are in other categories."""

DIRECTION_CHANGES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They reorder the text around them (https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings). Marks such
as U+200F, which only help the text beside them, stay."""

_INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Zs"})


def is_unsafe_character(character: str) -> bool:
    """Return whether a character may break lines, control a terminal or reverse the text around it."""
    return character in DIRECTION_CHANGES or unicodedata.category(character) in _UNSAFE_CATEGORIES


def flatten_name(text: str) -> str:
    """Return the text on one line, with each unsafe character as a space; empty if nothing of it is visible."""
    line = " ".join("".join(" " if is_unsafe_character(char) else char for char in text).split())
    return line if any(unicodedata.category(char) not in _INVISIBLE_CATEGORIES for char in line) else ""
