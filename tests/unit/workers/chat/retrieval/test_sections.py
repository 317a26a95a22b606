"""Sections of a Markdown document."""

from hypothesis import given
from hypothesis import strategies as st

from workers.chat.retrieval.sections import MAX_CHARACTERS, MAX_TITLE_CHARACTERS, find_title, split_sections

PARAGRAPH = "Word after word. " * 30


def split(text):
    return [(section.headings, text[section.start : section.end].strip()) for section in split_sections("a.md", text)]


def test_sections_have_their_headings():
    """A heading ends a section, and belongs to the one that it begins; an empty one stays with what follows."""
    text = "Intro\n# A\n\none\n## B ##\ntwo\n\nthree\n# C\nfour\n"
    assert split(text) == [
        ((), "Intro"),
        (("A",), "# A\n\none"),
        (("A", "B"), "## B ##\ntwo\n\nthree"),
        (("C",), "# C\nfour"),
    ]


def test_a_long_text_is_split_at_blank_rows():
    """Short paragraphs stay together."""
    texts = [text for _, text in split(f"# A\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n\nshort\n\n{PARAGRAPH}\n")]
    assert [len(text) // 100 for text in texts] == [10, 5]
    assert texts[1].startswith("short")


@given(st.text(alphabet="ab #\n\t.ż", max_size=200), st.integers(min_value=1, max_value=60))
def test_no_text_is_lost(text, times):
    """Whatever is written, even without an end of a row, is in one section of limited size, in its order."""
    document = text * times
    sections = list(split_sections("a.md", document))
    assert all(section.end - section.start <= 2 * MAX_CHARACTERS for section in sections)
    found = "".join(document[section.start : section.end] for section in sections)
    assert "".join(found.split()) == "".join(document.split())


def test_the_title_is_the_first_heading():
    """Or the name of the file."""
    for text, title in [
        ("\n\n## Cennik\n# Other", "Cennik"),
        ("no heading", "price list"),
        ("# \n", "price list"),
        ("# **A** [b](c)", "A b (c)"),
    ]:
        assert find_title("price list.md", text) == title
    assert len(find_title("a.md", "# " + "x" * 500)) == MAX_TITLE_CHARACTERS
