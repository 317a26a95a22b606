"""Compiles catalogues: to `.mo` files for Python, and to one module for each language for the widget."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from gettext import c2py
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo

from infra.catalogues.parts import Part
from infra.catalogues.po_file import REFERENCE, Entry, PoFile, is_translated, read_po_file, to_babel_catalog
from shared.languages.cldr import get_cldr_locale

INDEX = "languages.js"
"""Which languages there are, how the texts of each are imported, and what is shown before they are, as a module."""

FIRST_TEXTS = ("open", "load_failed")
"""The texts of the widget's launcher: it is there, and may have to say why nothing opens, before a language is."""

_MODULE = re.compile(r"^export default (.*);\n$", re.DOTALL)


def compile_parts(all_parts: Iterable[Part]) -> list[Path]:
    """Compile what has changed, remove what has no catalogue any more, and return the files that were written.

    Raises:
        BrokenCatalogueError: a file is no valid catalogue.
    """
    return [path for part in all_parts for path in (_compile_modules if is_for_browsers(part) else _compile_mo)(part)]


def is_for_browsers(part: Part) -> bool:
    """Whether JavaScript reads the part's texts."""
    return any(part.sources.glob("*.js"))


def render_mo(content: PoFile) -> bytes:
    """Return a catalogue as gettext reads it; the same texts give the same bytes."""
    out = BytesIO()
    write_mo(out, to_babel_catalog(content))
    return out.getvalue()


def build_texts(content: PoFile, english: PoFile) -> dict[str, str | dict[str, str]]:
    """Return the texts by id; of a plural the forms by their category in CLDR, as `Intl.PluralRules` names it."""
    texts: dict[str, str | dict[str, str]] = {}
    for text_id, reference in english.entries.items():
        own = content.entries.get(text_id)
        usable = own and is_translated(own) and not own.is_fuzzy
        entry, of = (own, content) if own and usable else (reference, english)
        texts[text_id] = _build_plural_forms(entry, of) if entry.is_plural else entry.forms[0]
    return texts


def render_module(texts: Mapping[str, object]) -> bytes:
    """Return a JavaScript module's content. A policy that allows the widget's scripts allows its texts too."""
    return f"export default {json.dumps(texts, ensure_ascii=False, indent=1)};\n".encode()


def read_module(path: Path) -> dict[str, str | dict[str, str]]:
    """Return the texts of a module that `render_module` wrote."""
    found = _MODULE.match(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} is no module of texts")
    texts: dict[str, str | dict[str, str]] = json.loads(found[1])
    return texts


def render_index(all_texts: Mapping[str, Mapping[str, object]]) -> bytes:
    """Return the module that a browser imports first, from the texts of all languages by tag."""
    lines = [
        f" {json.dumps(tag)}: {{ load: () => import({json.dumps(f'./{tag}.js')}), texts: {_render_first(texts)} }},\n"
        for tag, texts in all_texts.items()
    ]
    return f"export default {{\n{''.join(lines)}}};\n".encode()


def _render_first(texts: Mapping[str, object]) -> str:
    return json.dumps({text_id: texts[text_id] for text_id in FIRST_TEXTS if text_id in texts}, ensure_ascii=False)


def _build_plural_forms(entry: Entry, content: PoFile) -> dict[str, str]:
    return {category: entry.forms[index] for category, index in list_plural_categories(content).items()}


def list_plural_categories(content: PoFile) -> Mapping[str, int]:
    """Return which form each category of CLDR takes: of Polish `one` 0, `few` 1, `many` 2 and `other` 2.

    `other`, which fractions have in some languages, is the last form where no whole number has it.
    """
    category_of = get_cldr_locale(content.language).plural_form
    index_of = c2py(content.plural_rule)
    found = {category_of(number): index_of(number) for number in range(201)}
    return {**found, "other": found.get("other", content.plural_count - 1)}


def _compile_mo(part: Part) -> Iterable[Path]:
    for path in part.files:
        compiled = path.with_suffix(".mo")
        if _is_stale(compiled, [path]):
            _write_file(compiled, render_mo(read_po_file(path)))
            yield compiled
    _remove_other_files(part, ".mo", {path.stem for path in part.files})


def _compile_modules(part: Part) -> Iterable[Path]:
    english_path = part.get_path(REFERENCE)
    for path in part.files:
        compiled = path.with_suffix(".js")
        if _is_stale(compiled, [path, english_path]):
            texts = build_texts(read_po_file(path), read_po_file(english_path))
            _write_file(compiled, render_module(texts))
            yield compiled
    tags = [path.stem for path in part.files]
    index, content = part.locales / INDEX, render_index({tag: read_module(part.locales / f"{tag}.js") for tag in tags})
    if not index.exists() or index.read_bytes() != content:
        _write_file(index, content)
        yield index
    _remove_other_files(part, ".js", {*tags, index.stem})


def _is_stale(compiled: Path, sources: Iterable[Path]) -> bool:
    return not compiled.exists() or any(path.stat().st_mtime_ns > compiled.stat().st_mtime_ns for path in sources)


def _remove_other_files(part: Part, suffix: str, tags: set[str]) -> None:
    for path in part.locales.glob(f"*{suffix}"):
        if path.stem not in tags:
            path.unlink(missing_ok=True)


def _write_file(path: Path, content: bytes) -> None:
    # Of our own: two processes may compile at the same time, and nobody must read half a file.
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
