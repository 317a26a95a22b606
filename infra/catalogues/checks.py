"""Says what catalogues lack: texts, languages, placeholders, forms, and texts that nobody uses."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from string import Formatter

from babel.dates import parse_pattern

from infra.catalogues.parts import Part
from infra.catalogues.po_file import (
    REFERENCE,
    BrokenCatalogueError,
    Entry,
    PoFile,
    is_translated,
    join_english_forms,
    read_po_file,
)
from infra.catalogues.text_ids import find_usage

FORMAT = "format_"
"""How the ids begin of what is no text but a pattern of dates and times (Unicode TR 35)."""

_SAME_FIELD = {"h": "H", "L": "M", "c": "E", "e": "E"}
_OPTIONAL_FIELDS = frozenset("aBbOzxX")


def find_problems(all_parts: Sequence[Part]) -> list[str]:
    """Return a sentence for each problem; none if all is well."""
    found: list[str] = []
    languages = {path.stem for part in all_parts for path in part.files}
    for part in all_parts:
        found += [f"{part.get_path(tag)}: there is no such catalogue" for tag in sorted(languages - _list_tags(part))]
        try:
            english = read_po_file(part.get_path(REFERENCE))
        except BrokenCatalogueError as error:
            found.append(str(error))
            continue
        found += [
            f"{part.get_path(REFERENCE)}: {problem}"
            for problem in (*_check_entries(english), *_find_unused(part, english))
        ]
        for path in part.files:
            if path.stem != REFERENCE:
                found += [f"{path}: {problem}" for problem in _check_translation(path, english)]
    return found


def _list_tags(part: Part) -> set[str]:
    return {path.stem for path in part.files}


def _check_translation(path: Path, english: PoFile) -> Iterable[str]:
    try:
        content = read_po_file(path)
    except BrokenCatalogueError as error:
        return [str(error)]
    return [*_check_entries(content), *_compare_with_english(content, english)]


def _check_entries(content: PoFile) -> Iterator[str]:
    """Say what is wrong with a catalogue in itself."""
    for text_id in content.repeated:
        yield f"{text_id}: stands there more than once"
    for entry in content.entries.values():
        if entry.is_fuzzy:
            yield f"{entry.text_id}: is marked as fuzzy: review it, then take the mark away"
        if not is_translated(entry):
            yield f"{entry.text_id}: " + ("lacks a plural form" if any(entry.forms) else "is not translated")
            continue
        if any(form != form.strip() for form in entry.forms):
            yield f"{entry.text_id}: begins or ends with a space"
        yield from _check_placeholders(entry)
        if entry.text_id.startswith(FORMAT):
            yield from _check_pattern(entry)


def _compare_with_english(content: PoFile, english: PoFile) -> Iterator[str]:
    """Say what a translation lacks of the English catalogue, and what it has more."""
    for text_id, reference in english.entries.items():
        entry = content.entries.get(text_id)
        if entry is None:
            yield f"{text_id}: is missing"
            continue
        if entry.is_plural != reference.is_plural:
            yield f"{text_id}: has plural forms in one language alone"
        if " ".join(entry.english.split()) != " ".join(join_english_forms(reference).split()):
            yield f"{text_id}: its English text has changed: review it"
        if is_translated(entry):
            yield from _compare_placeholders(entry, reference)
            if text_id.startswith(FORMAT) and _find_pattern_fields(entry) != _find_pattern_fields(reference):
                yield f"{text_id}: shows something else than the English pattern"
    for text_id in content.entries.keys() - english.entries.keys():
        yield f"{text_id}: is no text any more"


def _find_unused(part: Part, english: PoFile) -> Iterator[str]:
    usage = find_usage(part.sources)
    for text_id in sorted(usage.ids - english.entries.keys()):
        yield f"{text_id}: is used, but not there"
    for family in sorted(usage.families):
        if not any(text_id.startswith(family) for text_id in english.entries):
            yield f"{family}…: is used, but no text begins so"
    for text_id in english.entries:
        if not usage.is_used(text_id):
            yield f"{text_id}: is used by nothing"


def parse_placeholders(text: str) -> set[str]:
    """Return the names in braces.

    Raises:
        ValueError: the braces do not match, or there is more than a name in them.
    """
    names: set[str] = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is no plain placeholder")
        names.add(name)
    return names


def _check_placeholders(entry: Entry) -> Iterator[str]:
    for form in entry.forms:
        try:
            parse_placeholders(form)
        except ValueError as error:
            yield f"{entry.text_id}: {error}"


def _compare_placeholders(entry: Entry, reference: Entry) -> Iterator[str]:
    try:
        own, wanted = _parse_all_placeholders(entry), _parse_all_placeholders(reference)
    except ValueError:
        return  # said already
    for name in sorted(wanted - own):
        yield f"{entry.text_id}: lacks {{{name}}}"
    for name in sorted(own - wanted):
        yield f"{entry.text_id}: has {{{name}}}, which nothing fills in"


def _parse_all_placeholders(entry: Entry) -> set[str]:
    return set().union(*map(parse_placeholders, entry.forms))


def _check_pattern(entry: Entry) -> Iterator[str]:
    try:
        parse_pattern(entry.forms[0])
    except ValueError as error:
        yield f"{entry.text_id}: is no pattern: {error}"


def _find_pattern_fields(entry: Entry) -> set[str]:
    """Return what a pattern shows, in words or in digits."""
    unquoted = "".join(entry.forms[0].split("'")[::2])
    return {_SAME_FIELD.get(each, each) for each in unquoted if each.isalpha()} - _OPTIONAL_FIELDS
