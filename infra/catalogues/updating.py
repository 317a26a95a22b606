"""Brings translations up to date with the English catalogues, and starts those of a new language."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from infra.catalogues.parts import Part
from infra.catalogues.po_file import (
    REFERENCE,
    Entry,
    PoFile,
    build_po_file,
    join_english_forms,
    read_po_file,
    write_po_file,
)


def update_parts(all_parts: Iterable[Part]) -> list[Path]:
    """Write every catalogue anew, and return those that changed.

    What is new in English comes in without a translation; what is gone there goes; what was reworded there is marked
    as fuzzy, which keeps its translation for whoever reviews it.
    """
    changed = []
    for part in all_parts:
        english = read_po_file(part.get_path(REFERENCE))
        for path in part.files:
            before = path.read_bytes()
            content = english if path.stem == REFERENCE else _update_entries(read_po_file(path), english)
            write_po_file(path, content)
            if path.read_bytes() != before:
                changed.append(path)
    return changed


def start_language(all_parts: Iterable[Part], language: str) -> list[Path]:
    """Write a catalogue without translations for each part, and return the files.

    Raises:
        UnknownLocaleError: nothing is known of the language's plural forms and dates.
        FileExistsError: the language is there already.
    """
    files = [(part, part.get_path(language)) for part in all_parts]
    empty = build_po_file(language)
    for _, path in files:
        if path.exists():
            raise FileExistsError(f"{path} is there already")
    for part, path in files:
        write_po_file(path, _update_entries(empty, read_po_file(part.get_path(REFERENCE))))
    return [path for _, path in files]


def _update_entries(content: PoFile, english: PoFile) -> PoFile:
    entries = {
        text_id: _merge_entry(content.entries.get(text_id), reference, content.plural_count)
        for text_id, reference in english.entries.items()
    }
    return replace(content, entries=entries)


def _merge_entry(own: Entry | None, reference: Entry, plural_count: int) -> Entry:
    quoted = join_english_forms(reference)
    forms = ("",) * (plural_count if reference.is_plural else 1)
    if own is None:
        return replace(reference, forms=forms, english=quoted, comments=())
    is_same = _split_words(own.english) == _split_words(quoted) and own.is_plural == reference.is_plural
    kept = own.forms if own.is_plural == reference.is_plural else (own.forms[0], *forms[1:])
    return replace(
        own,
        forms=kept,
        is_plural=reference.is_plural,
        english=quoted,
        notes=reference.notes,
        is_fuzzy=own.is_fuzzy or (any(kept) and not is_same),
    )


def _split_words(text: str) -> list[str]:
    return text.split()
