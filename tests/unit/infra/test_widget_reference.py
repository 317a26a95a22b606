"""The page about the widget has every name that a page can use, and no other; the reference is the one that is made."""

import os
import re
from pathlib import Path

import pytest

from infra.reference.__main__ import DOCS, build_documents
from infra.reference.tools import is_installed
from tests.compatibility.test_widget_names import current_names

ROOT = Path(__file__).parents[3]


def read_table(title: str) -> set[str]:
    """Return the names in the first column of a table."""
    page = (DOCS / "widget.md").read_text(encoding="utf-8")
    section = page.partition(f"### {title}\n")[2].partition("\n###")[0]
    return set(re.findall(r"^\| `([a-z-]+)(?:\(\))?` \|", section, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("title", "kind"),
    [("Methods", "methods"), ("Events", "events"), ("Parts", "parts"), ("Custom properties", "styles")],
)
def test_every_name_is_on_the_page(title: str, kind: str) -> None:
    """The sources use these names, and the comment of the element describes them."""
    assert read_table(title) == set(current_names()[kind])


def test_every_attribute_is_on_the_page() -> None:
    """Those that are read, observed, or only in the style sheets; `lang` and `dir` are the page's."""
    names = current_names()
    read = {name for name in names["attributes"] if not name.startswith(("aria-", "data-"))}
    assert read_table("Attributes") == (read | set(names["observed attributes"]) | {"theme"}) - {"lang", "dir"}


@pytest.mark.skipif(
    not is_installed() and os.environ.get("CI") != "true", reason="the tools for JavaScript are not installed"
)
def test_the_reference_is_current() -> None:
    """Whoever changes the element or a frame and forgets its documents is told so."""
    documents = build_documents()
    outdated = [name for name, text in documents.items() if (DOCS / name).read_text(encoding="utf-8") != text]
    assert outdated == [], "run: make reference"
