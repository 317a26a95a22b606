"""What Python and the widget read is what stands in the catalogues."""

import gettext
import io
import os

import pytest

from infra.catalogues.compiling import (
    build_texts,
    compile_parts,
    list_plural_categories,
    read_module,
    render_index,
    render_mo,
)
from infra.catalogues.po_file import build_po_file, read_po_file


def names(paths):
    return sorted(path.name for path in paths)


def later(path):
    """Let a file look as if it was written a second after everything else."""
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000_000_000))


def test_gettext_reads_what_was_compiled(project):
    """With the plural forms of the language."""
    polish = gettext.GNUTranslations(io.BytesIO(render_mo(read_po_file(project.path("pl")))))
    assert polish.gettext("greeting") == "Dzień dobry, {name}!"
    forms = [polish.ngettext("left", "left", count) for count in (1, 2, 5, 12, 22, 25)]
    assert forms == ["{count} dzień", "{count} dni", "{count} dnia", "{count} dnia", "{count} dni", "{count} dnia"]


def test_the_same_texts_give_the_same_bytes(project):
    """A package is deployed again only where something has changed."""
    assert render_mo(read_po_file(project.path("pl"))) == render_mo(read_po_file(project.path("pl")))
    assert b"1980-01-01" in render_mo(read_po_file(project.path("pl")))


def test_what_is_not_certain_is_left_out(project):
    """English stands in for it."""
    project.edit("pl", 'msgid "greeting"', '#, fuzzy\nmsgid "greeting"')
    polish = gettext.GNUTranslations(io.BytesIO(render_mo(read_po_file(project.path("pl")))))
    assert polish.gettext("greeting") == "greeting"
    english = read_po_file(project.path("en"))
    assert build_texts(read_po_file(project.path("pl")), english)["greeting"] == "Hello, {name}!"


def test_only_what_has_changed_is_compiled(project):
    """It runs before everything else, so it must cost nothing."""
    assert names(compile_parts(project.parts)) == ["en.mo", "pl.mo"]
    assert compile_parts(project.parts) == []
    later(project.path("pl"))
    assert names(compile_parts(project.parts)) == ["pl.mo"]


def test_a_language_that_is_gone_leaves_nothing(project):
    """Otherwise it would still be spoken."""
    compile_parts(project.parts)
    project.path("pl").unlink()
    compile_parts(project.parts)
    assert names(project.folder.glob("locales/*")) == ["en.mo", "en.po"]


def test_javascript_gets_a_module_for_each_language(project):
    """And one with all languages, and with what is shown before one of them is loaded."""
    project.use('t("greeting"); t.plural("left", 3); t("format_day");', "texts.js")
    assert names(compile_parts(project.parts)) == ["en.js", "languages.js", "pl.js"]
    locales = project.path("pl").parent
    assert (locales / "languages.js").read_text() == (
        "export default {\n"
        ' "en": { load: () => import("./en.js"), texts: {} },\n'
        ' "pl": { load: () => import("./pl.js"), texts: {} },\n'
        "};\n"
    )
    assert read_module(locales / "pl.js") == {
        "greeting": "Dzień dobry, {name}!",
        "left": {"one": "{count} dzień", "few": "{count} dni", "many": "{count} dnia", "other": "{count} dnia"},
        "format_day": "d MMM",
    }
    assert compile_parts(project.parts) == []


def test_the_launchers_texts_are_in_the_index():
    """It is shown before a language is loaded."""
    index = render_index({"pl": {"open": "Otwórz", "close": "Zamknij"}}).decode()
    assert index == 'export default {\n "pl": { load: () => import("./pl.js"), texts: {"open": "Otwórz"} },\n};\n'


@pytest.mark.parametrize(
    ("language", "categories"),
    [
        ("en", {"one": 0, "other": 1}),
        ("de", {"one": 0, "other": 1}),
        ("pl", {"one": 0, "few": 1, "many": 2, "other": 2}),
        ("uk", {"one": 0, "few": 1, "many": 2, "other": 2}),
        ("ja", {"other": 0}),
        ("ar", {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 5, "other": 4}),
    ],
)
def test_plural_forms_have_the_names_that_browsers_use(language, categories):
    """Gettext counts them, `Intl.PluralRules` names them."""
    assert list_plural_categories(build_po_file(language)) == categories
