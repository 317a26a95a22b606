"""Splits a Markdown document into passages: paragraphs, list items and table rows, each under its headings."""

import re
from dataclasses import dataclass

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s+(.*)")
_RULE = re.compile(r"[-*_]{3,}$")
_TABLE_RULE = re.compile(r"\|?[\s:|-]+\|?$")
_QUESTION = re.compile(r"\*\*([^*]+\?)\*\*\s*(.+)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document as plain text, small enough to be quoted whole."""

    text: str
    document: str
    headings: tuple[str, ...]
    """Outermost first; a bold question at the beginning of a paragraph is the innermost one."""

    section: int
    """Number of headings so far: passages with the same number are in the same section."""

    is_entry: bool
    """Whether it is a list item or a table row."""

    topic: str = ""
    """The header of the table's first column, for a table row."""


def split_passages(document: str, markdown: str) -> list[Passage]:
    """Return the passages of one document, in their order; `document` is its name."""
    return _Splitter(document).split(markdown)


def strip_markup(markdown: str) -> str:
    """Return Markdown without its markup; a link keeps its address unless its text contains it."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", markdown)
    text = re.sub(r"\[([^\]]+)\]\((?:mailto:|tel:)?([^)]+)\)", _replace_link, text)
    text = re.sub(r"(\*\*|__|`)(.+?)\1", r"\2", text)
    text = re.sub(r"(?<!\w)([*_])(\S.*?)\1(?!\w)", r"\2", text)
    return " ".join(text.split())


def _replace_link(match: re.Match[str]) -> str:
    label, target = match[1], match[2]
    return label if label in target else f"{label} ({target})"


class _Splitter:
    """Reads a document line by line and collects the lines of the current paragraph or item."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._headings: list[tuple[int, str]] = []
        self._section = 0
        self._block: list[str] = []
        self._is_item = False
        self._columns: list[str] | None = None
        self._passages: list[Passage] = []

    def split(self, markdown: str) -> list[Passage]:
        for raw in markdown.splitlines():
            self._read_text(raw.strip())
        self._end_block()
        return self._passages

    def _read_text(self, text: str) -> None:
        heading, item, is_row = _HEADING.match(text), _ITEM.match(text), text.startswith("|")
        if heading or item or is_row or not text or _RULE.match(text):
            self._end_block()
        if not is_row:
            self._columns = None
        if heading:
            level = len(heading[1])
            outer = [heading_above for heading_above in self._headings if heading_above[0] < level]
            self._headings = [*outer, (level, strip_markup(heading[2]))]
            self._section += 1
        elif is_row:
            self._read_row(text)
        elif item:
            self._block, self._is_item = [item[1]], True
        elif text and not _RULE.match(text):
            self._block.append(text.removeprefix("> "))

    def _end_block(self) -> None:
        block = " ".join(self._block)
        question = _QUESTION.match(block)
        if question:
            self._section += 1
            self._add_passage(strip_markup(question[2]), question=strip_markup(question[1]))
        elif block:
            self._add_passage(strip_markup(block), is_entry=self._is_item)
        self._block, self._is_item = [], False

    def _read_row(self, row: str) -> None:
        cells = [strip_markup(cell) for cell in row.strip("|").split("|")]
        if self._columns is None:
            self._columns = cells
        elif not _TABLE_RULE.match(row):
            # Such as "Massage – Time: 60 min, Price: 200 zł", which is readable in any language.
            named = zip(self._columns[1:], cells[1:], strict=False)
            rest = ", ".join(f"{column}: {cell}" if column else cell for column, cell in named if cell)
            self._add_passage(f"{cells[0]} – {rest}" if rest else cells[0], is_entry=True, topic=self._columns[0])

    def _add_passage(self, text: str, *, is_entry: bool = False, topic: str = "", question: str = "") -> None:
        if text:
            titles = [title for _, title in self._headings] + ([question] if question else [])
            self._passages.append(Passage(text, self._document, tuple(titles), self._section, is_entry, topic))
