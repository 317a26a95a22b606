"""One catalogue as a `.po` file: read with Babel, written so that the same texts always give the same bytes."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

REFERENCE = "en"
"""The language whose catalogue says which ids there are."""

_NOTE = "Note:"
_NO_DATE = datetime(1980, 1, 1, tzinfo=UTC)
"""Babel would write when it ran, and the same texts would never give the same file twice."""

_DEFINED = re.compile(r'^msgid (".*")$', re.MULTILINE)


class BrokenCatalogueError(Exception):
    """A file is no valid catalogue; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text: its id, its forms, and what a translator should know."""

    text_id: str
    forms: tuple[str, ...]
    """One, or as many as the language has plural forms."""

    is_plural: bool = False
    english: str = ""
    """The English text that was translated; empty in the English catalogue."""

    notes: tuple[str, ...] = ()
    """What the developer says about it; written in the English catalogue, copied to the others."""

    comments: tuple[str, ...] = ()
    """What the translator says about it."""

    is_fuzzy: bool = False
    """Whether somebody should look at the translation once more."""


@dataclass(frozen=True, slots=True)
class PoFile:
    """The texts of one part in one language, in their order."""

    language: str
    entries: Mapping[str, Entry]
    plural_count: int
    plural_rule: str
    repeated: tuple[str, ...] = field(default=())
    """Ids that stand in the file more than once; the first one counts."""


def read_po_file(path: Path) -> PoFile:
    """Return what stands in a file; the language is its name.

    Raises:
        BrokenCatalogueError: it is no valid catalogue.
    """
    try:
        with path.open("rb") as content:
            catalog = read_po(content, abort_invalid=True)
    except (PoFileError, ValueError, UnknownLocaleError) as error:
        raise BrokenCatalogueError(f"{path}: {error}") from None
    ids = Counter(_DEFINED.findall(path.read_text(encoding="utf-8")))
    repeated = tuple(text_id.strip('"') for text_id, times in ids.items() if times > 1)
    entries = {entry.text_id: entry for entry in map(_message_to_entry, catalog) if entry.text_id}
    return PoFile(path.stem, entries, catalog.num_plurals, catalog.plural_expr, repeated)


def write_po_file(path: Path, content: PoFile) -> None:
    """Write a catalogue; its order is that of the entries."""
    header = (
        f"Language: {content.language}\\n",
        "Content-Type: text/plain; charset=UTF-8\\n",
        "Content-Transfer-Encoding: 8bit\\n",
        f"Plural-Forms: nplurals={content.plural_count}; plural={content.plural_rule};\\n",
    )
    top = [
        f"# {_find_language_name(content.language)}. How to change or add texts: docs/languages.md.",
        'msgid ""',
        'msgstr ""',
    ]
    top += [f'"{line}"' for line in header]
    blocks = ["\n".join(top), *("\n".join(_format_entry(entry)) for entry in content.entries.values())]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def build_po_file(language: str) -> PoFile:
    """Return a catalogue without texts, with the plural forms of a language (from CLDR).

    Raises:
        UnknownLocaleError: Babel knows no such language.
    """
    plural = get_plural(str(Locale.parse(language, sep="-")))
    return PoFile(language, {}, plural.num_plurals, plural.plural_expr)


def join_english_forms(entry: Entry) -> str:
    """Return the text of an English entry as translations quote it."""
    return " | ".join(entry.forms)


def to_babel_catalog(content: PoFile) -> Catalog:
    """Return the catalogue for Babel, without what is not translated or not certain."""
    catalog = Catalog(locale=content.language.replace("-", "_"), creation_date=_NO_DATE, revision_date=_NO_DATE)
    catalog.mime_headers = [("Plural-Forms", f"nplurals={content.plural_count}; plural={content.plural_rule};")]
    for entry in content.entries.values():
        if is_translated(entry) and not entry.is_fuzzy:
            if entry.is_plural:
                catalog.add((entry.text_id, entry.text_id), entry.forms)
            else:
                catalog.add(entry.text_id, entry.forms[0])
    return catalog


def is_translated(entry: Entry) -> bool:
    """Whether every form has a text."""
    return all(entry.forms)


def _message_to_entry(message: Message) -> Entry:
    is_plural = not isinstance(message.id, str)
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
    quoted = list(message.auto_comments)
    start = next((index for index, line in enumerate(quoted) if line.startswith(_NOTE)), len(quoted))
    return Entry(
        text_id=message.id if isinstance(message.id, str) else message.id[0],
        forms=forms,
        is_plural=is_plural,
        english=" ".join(quoted[:start]),
        notes=tuple(line.removeprefix(_NOTE).strip() for line in quoted[start:]),
        comments=tuple(message.user_comments),
        is_fuzzy=message.fuzzy,
    )


def _format_entry(entry: Entry) -> Iterable[str]:
    yield from (f"# {line}" for line in entry.comments)
    yield from (f"#. {line}" for line in entry.english.splitlines())
    yield from (f"#. {_NOTE} {line}" for line in entry.notes)
    if entry.is_fuzzy:
        yield "#, fuzzy"
    yield f"msgid {_quote_text(entry.text_id)}"
    if entry.is_plural:
        yield f"msgid_plural {_quote_text(entry.text_id)}"
        yield from (f"msgstr[{index}] {_quote_text(form)}" for index, form in enumerate(entry.forms))
    else:
        yield f"msgstr {_quote_text(entry.forms[0])}"


def _quote_text(text: str) -> str:
    lines = [_quote_line(line) for line in text.splitlines(keepends=True)] or ['""']
    return lines[0] if len(lines) == 1 else "\n".join(['""', *lines])


def _quote_line(line: str) -> str:
    escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _find_language_name(language: str) -> str:
    try:
        return Locale.parse(language, sep="-").english_name or language
    except (UnknownLocaleError, ValueError):
        return language
