"""Splits a Markdown document into sections of about a thousand characters, each under its headings."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.chat.retrieval.markdown import strip_markup

MIN_CHARACTERS = 700
"""From this size on a section ends at the next blank line."""

MAX_CHARACTERS = 1_500
"""Where no blank line comes, a section ends before the line, or the word, that would make it larger."""

MAX_TITLE_CHARACTERS = 100

_ROW = re.compile(r"[^\n]+\n?|\n")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)[\s#]*$")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document; its text stays in the document."""

    document: str
    headings: tuple[str, ...]
    """Outermost first."""
    start: int
    end: int
    """Characters of the document."""


def split_sections(document: str, markdown: str) -> Iterator[Section]:
    """Yield the sections of a document in their order; together they have all its text, blank lines aside."""
    headings: list[tuple[int, str]] = []
    start = end = 0
    has_text = False
    for first, last in _split_rows(markdown):
        row = markdown[first:last].strip()
        heading = _HEADING.match(row)
        size = last - start
        if has_text and (heading or size > MAX_CHARACTERS or (not row and size > MIN_CHARACTERS)):
            yield Section(document, tuple(title for _, title in headings), start, end)
            start, has_text = first, False
        if heading:
            level = len(heading[1])
            headings = [*(outer for outer in headings if outer[0] < level), (level, heading[2])]
        if row:
            has_text, end = True, last
    if has_text:
        yield Section(document, tuple(title for _, title in headings), start, end)


def find_title(document: str, markdown: str) -> str:
    """Return the first heading of a document as plain text, or its name without the ending; both may be cut."""
    for first, last in _split_rows(markdown[:MAX_CHARACTERS]):
        if (heading := _HEADING.match(markdown[first:last].strip())) and heading[2]:
            return strip_markup(heading[2])[:MAX_TITLE_CHARACTERS]
    return document.removesuffix(".md")[:MAX_TITLE_CHARACTERS]


def _split_rows(text: str) -> Iterable[tuple[int, int]]:
    """Yield the ends of each line; of a line that is too long those of its parts, which end after a word."""
    for match in _ROW.finditer(text):
        first, last = match.span()
        while last - first > MAX_CHARACTERS:
            space = text.rfind(" ", first + 1, first + MAX_CHARACTERS)
            cut = space + 1 if space > 0 else first + MAX_CHARACTERS
            yield first, cut
            first = cut
        yield first, last
