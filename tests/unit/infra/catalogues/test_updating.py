"""How translations follow the English texts, and how a language begins."""

import pytest

from infra.catalogues.checks import find_problems
from infra.catalogues.po_file import read_po_file
from infra.catalogues.updating import start_language, update_parts
from tests.unit.infra.catalogues.conftest import ENGLISH


def polish(project):
    return read_po_file(project.path("pl")).entries


def test_what_is_up_to_date_stays_as_it_is(project):
    """To the byte, so that the command can be run at any time."""
    assert update_parts(project.parts) == []


def test_a_new_text_comes_in_without_a_translation(project):
    """With the English one above it, in the same place."""
    project.write("en", {"hurry": ("Only {count} left!",), **ENGLISH})
    assert update_parts(project.parts) == [project.path("pl")]
    assert list(polish(project)) == ["hurry", "greeting", "left", "format_day"]
    assert (polish(project)["hurry"].forms, polish(project)["hurry"].english) == (("",), "Only {count} left!")


def test_a_reworded_text_keeps_its_translation_but_not_its_trust(project):
    """Somebody who reads both languages must look at it; until then English stands in."""
    project.write("en", ENGLISH | {"greeting": ("Good day, {name}.",)})
    update_parts(project.parts)
    entry = polish(project)["greeting"]
    assert (entry.forms, entry.english, entry.is_fuzzy) == (("Dzień dobry, {name}!",), "Good day, {name}.", True)
    assert any("greeting: is marked as fuzzy" in problem for problem in find_problems(project.parts))


def test_a_text_that_is_gone_goes_everywhere(project):
    """The history has it, should it come back."""
    project.write("en", {text_id: forms for text_id, forms in ENGLISH.items() if text_id != "greeting"})
    update_parts(project.parts)
    assert list(polish(project)) == ["left", "format_day"]


def test_a_text_that_gets_plural_forms_keeps_its_translation_as_the_first(project):
    """It is a beginning, and marked as one."""
    project.write("en", ENGLISH | {"greeting": ("Hello, {name}!", "Hello, {name} and {count} others!")})
    update_parts(project.parts)
    entry = polish(project)["greeting"]
    assert (entry.is_plural, entry.forms, entry.is_fuzzy) == (True, ("Dzień dobry, {name}!", "", ""), True)


def test_notes_and_remarks_are_kept(project):
    """The developer's come from English, the translator's stay."""
    project.write("en", ENGLISH, notes=("Stands above the form.",))
    project.edit("pl", 'msgid "greeting"', '# Not too formal.\nmsgid "greeting"')
    project.edit("pl", "# Not too formal.\n", "")
    project.edit("pl", "#. Hello, {name}!", "# Not too formal.\n#. Hello, {name}!")
    update_parts(project.parts)
    entry = polish(project)["greeting"]
    assert (entry.notes, entry.comments, entry.is_fuzzy) == (("Stands above the form.",), ("Not too formal.",), False)
    assert update_parts(project.parts) == []


@pytest.mark.parametrize("text", ['a "quoted" word', "a \\ and a \t", "two\nlines", "ends with one\n", "{name}…"])
def test_any_text_comes_back_as_it_was_written(project, text):
    """Quotes, line ends and backslashes have a meaning in the file."""
    project.write("en", ENGLISH | {"greeting": (text,)})
    assert read_po_file(project.path("en")).entries["greeting"].forms == (text,)


def test_a_language_begins_with_nothing_translated(project):
    """Every text stands there with its English one, in as many forms as the language has."""
    [path] = start_language(project.parts, "uk")
    started = read_po_file(path)
    assert {entry.forms for entry in started.entries.values()} == {("",), ("", "", "")}
    assert started.entries["left"].english == "{count} day left | {count} days left"
    assert len([problem for problem in find_problems(project.parts) if "uk.po" in problem]) == len(ENGLISH)


def test_a_language_that_is_there_is_not_begun_again(project):
    """Its translations would be lost."""
    before = project.path("pl").read_bytes()
    with pytest.raises(FileExistsError):
        start_language(project.parts, "pl")
    assert project.path("pl").read_bytes() == before
