"""Which files of a tenant's folder are documents, and the text of one: what is not read is named with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.tenants import edge_profile
from shared.typed_names import flatten_name

PROFILE_FILE = "profile.yaml"
MAX_DOCUMENTS = 100
MAX_DOCUMENT_BYTES = 200_000

_MAX_NAMED = 20
"""Files that are named; a folder of photos does not fill the log and the desk."""

_FORMATS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP or Office file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"{\\rtf": "an RTF file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
}
_MIN_ZEROS = 0.4
"""The part of bytes at even or odd positions that are zero in UTF-16 of a language with the Latin script."""


class UnreadableDocumentError(ValueError):
    """A file is no text that can be read; the text says what it is, and what to do."""


@dataclass(frozen=True, slots=True)
class DocumentSelection:
    """The names of the documents in order, and a sentence for each other file."""

    names: tuple[str, ...]
    problems: tuple[str, ...]


def select_documents(sizes: Mapping[str, int]) -> DocumentSelection:
    """Return which files are documents; `sizes` has bytes by the name relative to the tenant's folder.

    Hidden files, the profile and its compiled form are neither.
    """
    candidates: list[str] = []
    problems: list[str] = []
    for name, size in sorted(sizes.items()):
        if name in {PROFILE_FILE, edge_profile.FILE} or name.startswith(".") or name.endswith("/") or not name:
            continue
        if "/" in name:
            problems.append(describe_problem(name, "documents are beside profile.yaml, not in folders"))
        elif not name.endswith(".md"):
            problems.append(describe_problem(name, "documents end in .md"))
        elif size > MAX_DOCUMENT_BYTES:
            problems.append(describe_problem(name, f"it is larger than {MAX_DOCUMENT_BYTES // 1000} KB"))
        else:
            candidates.append(name)
    surplus = f"there are more than {MAX_DOCUMENTS} documents"
    problems += [describe_problem(name, surplus) for name in candidates[MAX_DOCUMENTS:]]
    if len(problems) > _MAX_NAMED:
        problems[_MAX_NAMED:] = [f"{len(problems) - _MAX_NAMED} further files are not read"]
    return DocumentSelection(tuple(candidates[:MAX_DOCUMENTS]), tuple(problems))


def describe_problem(name: str, reason: object) -> str:
    """Return the sentence about a file that is not read."""
    return f"{flatten_name(name)} is not read: {reason}"


def decode_document(content: bytes) -> str:
    """Return the text of a document in UTF-8 or UTF-16, with or without a byte-order mark, with Unix line ends.

    Raises:
        UnreadableDocumentError: it has another encoding, or is no text.
    """
    for beginning, name in _FORMATS.items():
        if content.startswith(beginning):
            raise UnreadableDocumentError(f"it is {name}: save it as text in UTF-8")
    encoding = _detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableDocumentError("it is neither UTF-8 nor UTF-16: save it as UTF-8") from None
    if any(character < " " and character not in "\t\n\r\f\v" for character in set(text)):
        raise UnreadableDocumentError("it has bytes that are no text: save it as text in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _detect_encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = len(content) // 2
    if half and len(content) % 2 == 0:
        if content[1::2].count(0) >= _MIN_ZEROS * half:
            return "utf-16-le"
        if content[::2].count(0) >= _MIN_ZEROS * half:
            return "utf-16-be"
    return "utf-8-sig"
