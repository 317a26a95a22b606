"""Every file, folder and name that a document mentions exists: what is renamed is renamed in the documents too."""

import os
import re
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.name != "CHANGELOG.md")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
RECIPES = [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md", *sorted((ROOT / "docs/decisions").glob("*.md"))]

MADE_HERE = {".git", ".venv", ".stride", "dist", "node_modules"}
"""Made by a command, so not in a fresh checkout."""

EXTENSIONS = frozenset(
    [".css", ".html", ".js", ".json", ".md", ".po", ".py", ".sh", ".svg", ".toml", ".ts", ".txt", ".yaml", ".yml"]
)

SOURCES = {".js", ".po", ".py", ".ts", ".yaml"}
NAME = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]*)+|[A-Z]+(?:_[A-Z]+)+|_?[a-z]+(?:_[a-z]+)+|_[a-z]+")
"""What only code is called: `AnyClientFrame`, `CLIENT_FRAME_TYPES`, `describe_queues`, `_build`."""

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"[\w.*-]+(/[\w.*-]+)*/?")


def everything() -> frozenset[str]:
    """Return all files and folders, from the root, with slashes."""
    found = set()
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE_HERE and name != "__pycache__"]
        found |= {(Path(folder) / name).relative_to(ROOT).as_posix() for name in folders + files}
    return frozenset(found)


EVERYTHING = everything()
TOP_LEVEL = {name.partition("/")[0] for name in EVERYTHING}


@cache
def names_in_code() -> frozenset[str]:
    """Return all words of the sources, without those of generated documents."""
    sources = [
        ROOT / path for path in EVERYTHING if PurePosixPath(path).suffix in SOURCES and not path.startswith("docs/")
    ]
    return frozenset(word for path in sources for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))


def named_paths(text: str) -> list[str]:
    """Return what stands in code marks and is a path: it begins at the root, or it is a file by its extension."""
    paths = []
    for word in CODE.findall(text):
        if not PATH.fullmatch(word) or word.partition("/")[0] in MADE_HERE:
            continue
        is_file = PurePosixPath(word).suffix in EXTENSIONS
        if is_file or ("/" in word and word.partition("/")[0] in TOP_LEVEL):
            paths.append(word.rstrip("/"))
    return paths


@cache
def ends() -> frozenset[str]:
    """Return every file and folder, and every end of their paths."""
    parts = [name.split("/") for name in EVERYTHING]
    return frozenset("/".join(names[number:]) for names in parts for number in range(len(names)))


def is_there(path: str) -> bool:
    """Whether there is such a path, or, where a document names only its end, one that ends so."""
    if "*" in path:
        return any(PurePosixPath(name).match(path) for name in EVERYTHING)
    return path in ends()


@cache
def read(document: Path) -> str:
    """Return a document's text."""
    return document.read_text(encoding="utf-8")


def links(document: Path) -> list[tuple[str, str]]:
    """Return the links of a document that are no addresses: file and section, of which one may be empty."""
    parts = [link.partition("#") for link in LINK.findall(read(document)) if "://" not in link]
    return [(file, section) for file, _, section in parts]


def test_every_path_in_a_document_exists():
    """In code marks: from the root, or the end of a path (`handler/verify.py`)."""
    missing = [(each.name, path) for each in DOCUMENTS for path in named_paths(read(each)) if not is_there(path)]
    assert missing == []


def test_every_link_of_a_document_leads_to_a_file():
    """Links are relative to the document, as GitHub follows them."""
    missing = [
        (each.name, file) for each in DOCUMENTS for file, _ in links(each) if file and not (each.parent / file).exists()
    ]
    assert missing == []


def anchors(text):
    """Return the anchors that GitHub gives the headings of a document."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def test_every_link_to_a_section_leads_to_a_heading():
    """In the same document, or in the one that the link names."""
    missing = [
        (each.name, f"{file}#{section}")
        for each in DOCUMENTS
        for file, section in links(each)
        if section and section not in anchors(read((each.parent / file).resolve() if file else each))
    ]
    assert missing == []


def test_every_name_in_a_recipe_is_in_the_code():
    """In recipes and decisions: one that names what was renamed leads nowhere."""
    missing = [
        (each.name, word)
        for each in RECIPES
        for word in CODE.findall(read(each))
        if NAME.fullmatch(word) and word not in names_in_code()
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("`shared/gone.py` and `routes.py`", ["shared/gone.py", "routes.py"]),
        ("the folder `workers/booking/`", ["workers/booking"]),
        ("`.stride/stack.json`, `booking.create`, `/livez`, `chatbot/google-calendar`, `make up`", []),
    ],
)
def test_other_code_is_no_path(text, paths):
    """A message type, an address or a command is no path."""
    assert named_paths(text) == paths


def test_a_path_that_is_not_there_is_noticed():
    """Also when only its end is named, and whatever its extension."""
    assert is_there("tests/unit/test_docs.py")
    assert is_there("unit/test_docs.py")
    assert not is_there("unit/test_dogs.py")
    assert not is_there("shared/gone")
