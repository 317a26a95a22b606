"""Reads the documents of a system prompt as passages that can be quoted."""

import re
from dataclasses import dataclass

from infra.local.bedrock.language import Language, detect

_DOCUMENT = re.compile(r"<document\b[^>]*?\bname=\"([^\"]*)\"[^>]*>(.*?)</document>", re.DOTALL)
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s+(.*)")
_RULE = re.compile(r"[-*_]{3,}$")
_TABLE_RULE = re.compile(r"\|?[\s:|-]+\|?$")


@dataclass(frozen=True)
class Passage:
    """A paragraph, a list item or a table row, as plain text, under its headings (outermost first).

    `topic` is what the first column of a table calls its entries.
    """

    text: str
    headings: tuple[str, ...]
    document: str
    section: int
    listed: bool
    language: Language | None
    topic: str = ""


def read_documents(system_text: str) -> list[Passage]:
    """Return the passages of all `<document name="...">` parts, in their order."""
    passages: list[Passage] = []
    for section_base, (name, body) in enumerate(_DOCUMENT.findall(system_text)):
        passages += _Reader(name, detect([body]), section_base * 10_000).read(body)
    return passages


class _Reader:
    """Walks through one Markdown document line by line."""

    def __init__(self, name: str, language: Language | None, section: int) -> None:
        self._name = name
        self._language = language
        self._section = section
        self._headings: list[tuple[int, str]] = []
        self._open: list[str] = []
        self._open_is_item = False
        self._columns: list[str] | None = None
        self._passages: list[Passage] = []

    def read(self, body: str) -> list[Passage]:
        for raw in body.splitlines():
            line = raw.strip()
            heading, item = _HEADING.match(line), _ITEM.match(line)
            if not line.startswith("|"):
                self._columns = None
            if heading:
                self._close()
                self._enter(len(heading[1]), plain(heading[2]))
            elif not line or _RULE.match(line):
                self._close()
            elif line.startswith("|"):
                self._close()
                self._row(line)
            elif item:
                self._close()
                self._open, self._open_is_item = [item[1]], True
            else:
                self._open.append(line.removeprefix("> "))
        self._close()
        return self._passages

    def _enter(self, level: int, title: str) -> None:
        self._headings = [held for held in self._headings if held[0] < level] + [(level, title)]
        self._section += 1

    def _close(self) -> None:
        if self._open:
            self._add(plain(" ".join(self._open)), listed=self._open_is_item)
        self._open, self._open_is_item = [], False

    def _row(self, line: str) -> None:
        cells = [plain(cell) for cell in line.strip("|").split("|")]
        if self._columns is None:
            self._columns = cells
        elif not _TABLE_RULE.match(line):
            # "Massage – Time: 60 min, Price: 200 zł" reads well in any language.
            named = zip(self._columns[1:], cells[1:], strict=False)
            rest = ", ".join(f"{column}: {cell}" if column else cell for column, cell in named if cell)
            self._add(f"{cells[0]} – {rest}" if rest else cells[0], listed=True, topic=self._columns[0])

    def _add(self, text: str, *, listed: bool, topic: str = "") -> None:
        if text:
            titles = tuple(title for _, title in self._headings)
            self._passages.append(Passage(text, titles, self._name, self._section, listed, self._language, topic))


def plain(markdown: str) -> str:
    """Return a piece of Markdown as a person would read it out."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", markdown)
    text = re.sub(r"\[([^\]]+)\]\((?:mailto:|tel:)?([^)]+)\)", _link, text)
    text = re.sub(r"(\*\*|__|`)(.+?)\1", r"\2", text)
    text = re.sub(r"(?<!\w)([*_])(\S.*?)\1(?!\w)", r"\2", text)
    return " ".join(text.split())


def _link(match: re.Match[str]) -> str:
    words, target = match[1], match[2]
    return words if words in target else f"{words} ({target})"
