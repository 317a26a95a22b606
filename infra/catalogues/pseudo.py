"""Makes a pseudo-language from English, in which untranslated and cut texts are visible.

`Replay` becomes `⟦Rëplàÿ ~~⟧`: characters without accents belong to a text that is in no catalogue, and a missing
bracket means that the text was cut off.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from infra.catalogues.checks import FORMAT
from infra.catalogues.compiling import build_texts, is_for_browsers, render_mo, render_module
from infra.catalogues.parts import ROOT, Part
from infra.catalogues.po_file import REFERENCE, Entry, PoFile, read_po_file

PSEUDO = "qps"
"""A tag for private use (ISO 639-2, qaa to qtz), so no language will ever have it."""

OPENING, CLOSING = "⟦", "⟧"

_LONGER = 0.4
"""How much longer a text gets (https://www.w3.org/International/articles/article-text-size)."""

_WORD = "~" * 8
"""Made of words, so that it can break into lines."""

_PLACEHOLDER = re.compile(r"(\{\w+\})")
_ACCENTS = str.maketrans("aceinosuyzACEINOSUYZ", "àçëîñöšüÿžÀÇËÎÑÖŠÜŸŽ")


def to_pseudo_text(text: str) -> str:
    """Return a text with accents, in brackets and 40 % longer; placeholders stay as they are."""
    pieces = _PLACEHOLDER.split(text)
    accented = "".join(piece if index % 2 else piece.translate(_ACCENTS) for index, piece in enumerate(pieces))
    characters = sum(len(piece) for piece in pieces[::2])
    missing = max(1, round(characters * _LONGER))
    words = [_WORD] * (missing // len(_WORD)) + [_WORD[: missing % len(_WORD)]]
    return f"{OPENING}{' '.join([accented, *filter(None, words)])}{CLOSING}"


def to_pseudo_catalogue(english: PoFile) -> PoFile:
    """Return the English catalogue in the pseudo-language; patterns of dates stay English."""
    entries = {text_id: _to_pseudo_entry(entry) for text_id, entry in english.entries.items()}
    return replace(english, language=PSEUDO, entries=entries)


def write_pseudo_catalogues(all_parts: Iterable[Part], folder: Path, root: Path = ROOT) -> None:
    """Write the pseudo-language of every part below a folder that is laid out like the project."""
    for part in all_parts:
        english = read_po_file(part.get_path(REFERENCE))
        locales = folder / part.locales.relative_to(root)
        locales.mkdir(parents=True, exist_ok=True)
        content = to_pseudo_catalogue(english)
        if is_for_browsers(part):
            (locales / f"{PSEUDO}.js").write_bytes(render_module(build_texts(content, english)))
        else:
            (locales / f"{PSEUDO}.mo").write_bytes(render_mo(content))


def _to_pseudo_entry(entry: Entry) -> Entry:
    if entry.text_id.startswith(FORMAT):
        return entry
    return replace(entry, forms=tuple(map(to_pseudo_text, entry.forms)))
