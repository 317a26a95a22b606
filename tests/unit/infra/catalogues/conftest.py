"""A small project with catalogues of its own."""

import pytest

from infra.catalogues.parts import list_parts
from infra.catalogues.po_file import Entry, PoFile, build_po_file, write_po_file

ENGLISH = {"greeting": ("Hello, {name}!",), "left": ("{count} day left", "{count} days left"), "format_day": ("d MMM",)}
POLISH = {
    "greeting": ("Dzień dobry, {name}!",),
    "left": ("{count} dzień", "{count} dni", "{count} dnia"),
    "format_day": ("d MMM",),
}


class Project:
    """A part with a Python file that uses its texts, in English and Polish."""

    def __init__(self, root):
        self.root = root
        self.folder = root / "shared"
        self.use('t("greeting", name=name), t.plural("left", 3), t("format_day")')
        self.write("en", ENGLISH)
        self.write("pl", POLISH)

    @property
    def parts(self):
        return list_parts(self.root)

    def path(self, language):
        return self.folder / "locales" / f"{language}.po"

    def use(self, code, name="texts.py"):
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(code, encoding="utf-8")

    def write(self, language, texts, **changes):
        """Write a catalogue; `changes` are those of the entry `greeting`."""
        entries = {}
        for text_id, forms in texts.items():
            quoted = "" if language == "en" else " | ".join(ENGLISH.get(text_id, ()))
            fields = {"is_plural": len(forms) > 1, "english": quoted} | (changes if text_id == "greeting" else {})
            entries[text_id] = Entry(text_id, forms, **fields)
        empty = build_po_file(language)
        self.path(language).parent.mkdir(exist_ok=True)
        write_po_file(self.path(language), PoFile(language, entries, empty.plural_count, empty.plural_rule))

    def edit(self, language, old, new):
        text = self.path(language).read_text(encoding="utf-8")
        assert old in text
        self.path(language).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)
