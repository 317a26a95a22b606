"""What a visitor sees of the model's text, while it comes and at its end."""

import unicodedata
from collections.abc import Mapping
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
        return _join_blocks(self._parts[-1])

    @property
    def text(self) -> str:
        """The visible text so far, cut to what a frame can hold."""
        text = self._join()
        return text[: _measure_fitting(text)]

    @property
    def is_cut(self) -> bool:
        """Whether a part of the text does not fit into a frame."""
        text = self._join()
        return _measure_fitting(text) < len(text)

    def _join(self) -> str:
        return _BETWEEN_BLOCKS.join(filter(None, map(_join_blocks, self._parts)))


def _join_blocks(blocks: Mapping[int, "_BlockText"]) -> str:
    return _BETWEEN_BLOCKS.join(filter(None, [blocks[number].join() for number in sorted(blocks)]))


def _measure_fitting(text: str) -> int:
    """Return how many characters of a text fit into a frame."""
    if len(text) <= MAX_ANSWER_BYTES // _MAX_CHARACTER_BYTES:
        return len(text)
    if len(text.encode()) + sum(map(text.count, _ESCAPED)) <= MAX_ANSWER_BYTES:
        return len(text)
    sizes = accumulate(len(character.encode()) + (character in _ESCAPED) for character in text)
    return sum(size <= MAX_ANSWER_BYTES for size in sizes)


class _BlockText:
    """The visible text of one block: all but what may turn out to be white space at its end, or half a character."""

    def __init__(self) -> None:
        self._visible: list[str] = []
        self._held: list[str] = []
        self._half = ""

    def join(self) -> str:
        """Return the text; joined once, however often it is read."""
        if len(self._visible) > 1:
            self._visible = ["".join(self._visible)]
        return self._visible[0] if self._visible else ""

    def add(self, piece: str) -> None:
        text, self._half = self._half + piece, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        self._show(text)

    def end(self) -> None:
        half, self._half = self._half, ""
        self._show(half)

    def _show(self, text: str) -> None:
        if self._visible and text.isprintable():
            self._show_printable(text)
            return
        if not text.isascii():
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        for character in text:
            if _is_dropped(character):
                continue
            if character.isspace() or not (self._visible or _is_visible(character)):
                self._held.append(character)
                continue
            held = "".join(self._held)
            self._held.clear()
            self._visible += [held if self._visible else held.lstrip(), character]

    def _show_printable(self, text: str) -> None:
        """Do the same with a text of which nothing is dropped: in it, only a blank is white space."""
        seen = text.rstrip(" ")
        if seen:
            self._visible += [*self._held, seen]
            self._held.clear()
        if len(seen) < len(text):
            self._held.append(text[len(seen) :])


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
