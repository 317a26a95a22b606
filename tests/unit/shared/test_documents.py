"""Which files of a folder are documents, and their encodings."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.tenants.documents import (
    MAX_DOCUMENT_BYTES,
    MAX_DOCUMENTS,
    DocumentSelection,
    UnreadableDocumentError,
    decode_document,
    select_documents,
)

TEXT = "# Cennik\nMasaż: 120 zł — Łódź\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode("utf-16"),
        TEXT.replace("\n", "\r").encode(),
    ],
)
def test_a_text_is_read_in_each_unicode_encoding(content):
    """As editors on Windows and macOS save it; neither a byte-order mark nor the line ends reach the prompt."""
    assert decode_document(content) == TEXT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TEXT.encode("cp1250"), "it is neither UTF-8 nor UTF-16: save it as UTF-8"),
        ("Łódź".encode("iso-8859-2"), "neither UTF-8 nor UTF-16"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (TEXT.encode()[:-10] + b"\xc5", "neither UTF-8 nor UTF-16"),
        (TEXT.encode("utf-32"), "it is UTF-32"),
        (b"%PDF-1.7\n%\xe2\xe3", "it is a PDF: save it as text in UTF-8"),
        (b"PK\x03\x04\x14\x00", "it is a ZIP or Office file"),
        (b"{\\rtf1\\ansi", "it is an RTF file"),
        (b"\x89PNG\r\n", "it is an image"),
        (b"text\x00text", "it has bytes that are no text"),
        (b"\x1b[31mred", "it has bytes that are no text"),
    ],
)
def test_another_file_is_refused_with_what_it_is(content, reason):
    """Instead of a prompt with replacement characters."""
    with pytest.raises(UnreadableDocumentError, match=reason.replace("(", "\\(")):
        decode_document(content)


@given(st.binary(max_size=60))
@example(b"")
@example(b"\x00")
def test_any_file_is_text_or_refused(content):
    """Nothing else is raised, and a text never has control characters."""
    try:
        text = decode_document(content)
    except UnreadableDocumentError:
        return
    assert all(character >= " " or character in "\t\n\f\v" for character in text)


def test_documents_are_selected_by_ending_size_and_folder():
    """Each other file is named, except hidden ones and the profile; of many only the first."""
    sizes = {"profile.yaml": 1, "profile.json": 1, ".DS_Store": 1, "photos/": 0, "b.md": MAX_DOCUMENT_BYTES, "a.md": 0}
    assert select_documents(sizes) == DocumentSelection(("a.md", "b.md"), ())
    refused = {"a.MD": 1, "c.txt": 1, "d.md": MAX_DOCUMENT_BYTES + 1, "old/e.md": 1, "x\u202ey\n.pdf": 1}
    selection = select_documents(sizes | refused)
    assert selection.names == ("a.md", "b.md")
    assert selection.problems == (
        "a.MD is not read: documents end in .md",
        "c.txt is not read: documents end in .md",
        "d.md is not read: it is larger than 200 KB",
        "old/e.md is not read: documents are beside profile.yaml, not in folders",
        "x y .pdf is not read: documents end in .md",
    )
    many = select_documents({f"{number:04}.md": 1 for number in range(MAX_DOCUMENTS + 100)})
    assert len(many.names) == MAX_DOCUMENTS
    assert many.problems[0] == "0100.md is not read: there are more than 100 documents"
    assert many.problems[-1] == "80 further files are not read"
