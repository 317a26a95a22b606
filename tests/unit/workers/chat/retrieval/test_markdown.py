"""How a Markdown document is cut into passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.chat.retrieval.markdown import split_passages, strip_markup

DOCUMENT = """# Studio

We are **small**
and quiet.

## Prices

All prices include tax:

- cash only
* card too

| Service | Time | Price |
| --- | --- | --- |
| Massage | 60 min | 200 zł |
| Call | | free |

---

**Do you see children?** Yes, from the age of 7.

## Contact

> Write to [us](mailto:a@example.com).
"""


def test_each_block_is_a_passage_under_its_headings():
    """Paragraphs are joined, items and rows are entries, a bold question is a heading."""
    passages = split_passages("studio.md", DOCUMENT)

    assert [(passage.text, passage.headings, passage.is_entry) for passage in passages] == [
        ("We are small and quiet.", ("Studio",), False),
        ("All prices include tax:", ("Studio", "Prices"), False),
        ("cash only", ("Studio", "Prices"), True),
        ("card too", ("Studio", "Prices"), True),
        ("Massage – Time: 60 min, Price: 200 zł", ("Studio", "Prices"), True),
        ("Call – Price: free", ("Studio", "Prices"), True),
        ("Yes, from the age of 7.", ("Studio", "Prices", "Do you see children?"), False),
        ("Write to us (a@example.com).", ("Studio", "Contact"), False),
    ]
    assert {passage.document for passage in passages} == {"studio.md"}
    assert [passage.topic for passage in passages if passage.topic] == ["Service", "Service"]


def test_a_section_ends_at_the_next_heading_or_question():
    """Passages under the same heading share a section, and no others do."""
    sections = [passage.section for passage in split_passages("studio.md", DOCUMENT)]

    assert sections == [1, 2, 2, 2, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**bold** and _soft_ `code`", "bold and soft code"),
        ("![logo](a.png) Studio", "Studio"),
        ("[www.a.example](https://www.a.example)", "www.a.example"),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"),
    ],
)
def test_markup_is_removed(markdown, text):
    """The remaining text is readable in a chat."""
    assert strip_markup(markdown) == text


@given(st.text(alphabet="#|-*_> \n?ab1.[](:)"))
def test_any_text_is_split(markdown):
    """No document breaks the splitter, and no passage is empty."""
    passages = split_passages("any.md", markdown)

    assert all(passage.text.strip() for passage in passages)
    assert [passage.section for passage in passages] == sorted(passage.section for passage in passages)
