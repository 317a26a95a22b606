"""What a visitor sees of the model's text, while it comes and at its end."""

import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from shared.languages.catalogue import Texts
from shared.messages.server import OfferBooking, OfferHandover
from shared.typed_names import DIRECTION_CHANGES
from workers.chat.domain.tool import Action

MAX_ANSWER_BYTES = 20 * 1024
"""The limit of an answer's text in JSON, so that each of its frames stays below the protocol's 24 KB."""

_MAX_CHARACTER_BYTES = 4
_ESCAPED = '"\\\n\t'
"""Characters that take one more byte in a frame, because JSON escapes them."""

_BETWEEN_BLOCKS = "\n\n"
_REPLACEMENT = "\ufffd"
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Cn", "Me", "Mn"})
"""Format characters, unassigned ones, and marks that combine with the character before them."""

_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159" + _REPLACEMENT)
"""Characters that are empty although their category says otherwise
(https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point), and the one that stands for a broken one."""


class AnswerText:
    """The text of an answer that arrives in pieces.

    However the text is split into pieces, the result is the same. While the blocks arrive one after the other, `text`
    only grows. Each block loses its control characters, those that reverse what comes after them, and the white space
    around it; a blank line separates blocks. A block without a visible character is left out. Halves of a surrogate
    pair are joined, and replaced if the other one does not come.
    """

    def __init__(self) -> None:
        self.received_characters = 0
        """Of all pieces of this part, visible or not: the model charges for them."""
        self._parts: list[dict[int, _BlockText]] = [{}]

    def add(self, piece: str, block: int = 0) -> None:
        """Add the next piece of a block; blocks are joined in the order of their numbers."""
        self.received_characters += len(piece)
        self._parts[-1].setdefault(block, _BlockText()).add(piece)

    def end(self) -> None:
        """Replace halves whose other half did not come; nothing is added to this part after that."""
        for block in self._parts[-1].values():
            block.end()

    def begin_part(self) -> None:
        """End what has come: the next call of the model continues the answer below it, with blocks of its own."""
        self.end()
        self._parts.append({})
        self.received_characters = 0

    def clear(self) -> None:
        """Forget the text of this part: it starts again."""
        self._parts[-1].clear()
        self.received_characters = 0

    @property
    def part(self) -> str:
        """The visible text of this part so far."""
        return self._join(self._parts[-1:])

    @property
    def text(self) -> str:
        """The visible text so far, cut to what a frame can hold."""
        return self._join()[: self._measure()]

    @property
    def is_cut(self) -> bool:
        """Whether a part of the text does not fit into a frame."""
        return self._measure() < len(self._join())

    def _join(self, parts: Sequence[dict[int, "_BlockText"]] | None = None) -> str:
        chosen = self._parts if parts is None else parts
        visible = ("".join(block.visible) for part in chosen for _, block in sorted(part.items()))
        return _BETWEEN_BLOCKS.join(filter(None, visible))

    def _measure(self) -> int:
        """Return how many characters fit."""
        text = self._join()
        if len(text) <= MAX_ANSWER_BYTES // _MAX_CHARACTER_BYTES:
            return len(text)
        sizes = accumulate(len(character.encode()) + (character in _ESCAPED) for character in text)
        return sum(size <= MAX_ANSWER_BYTES for size in sizes)


class _BlockText:
    """The visible text of one block: all but what may turn out to be white space at its end, or half a character."""

    def __init__(self) -> None:
        self.visible: list[str] = []
        self._held: list[str] = []
        self._half = ""

    def add(self, piece: str) -> None:
        text, self._half = self._half + piece, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        self._show(text)

    def end(self) -> None:
        half, self._half = self._half, ""
        self._show(half)

    def _show(self, text: str) -> None:
        if not text.isascii():
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        for character in text:
            if _is_dropped(character):
                continue
            if character.isspace() or not (self.visible or _is_visible(character)):
                self._held.append(character)
                continue
            held = "".join(self._held)
            self._held.clear()
            self.visible += [held if self.visible else held.lstrip(), character]


def _is_dropped(character: str) -> bool:
    return character in DIRECTION_CHANGES or (unicodedata.category(character) == "Cc" and character not in "\n\t")


def _is_visible(character: str) -> bool:
    return character not in _FILLERS and unicodedata.category(character) not in _INVISIBLE_CATEGORIES


def build_final_text(answer: str, *, action: Action | None, stopped: bool, t: Texts) -> str:
    """Return the text of the answer's frame: empty only if the visitor stopped the answer before its first word."""
    if answer or stopped:
        return answer
    match action:
        case OfferBooking():
            return t("offer")
        case OfferHandover():
            return t("offer_handover")
        case None:
            return t("no_answer")
