"""That a lack in a catalogue is named, and that ours lack nothing."""

import pytest

from infra.catalogues.checks import find_problems
from infra.catalogues.parts import ROOT, list_parts


def list_problems(project):
    return [problem.removeprefix(f"{project.folder}/locales/") for problem in find_problems(project.parts)]


def test_our_catalogues_lack_nothing():
    """Every text is there in every language, with its placeholders and forms, and something uses it."""
    assert [problem.removeprefix(f"{ROOT}/") for problem in find_problems(list_parts())] == []


def test_a_sound_project_has_no_problem(project):
    """Whatever the others find is of their own making."""
    assert list_problems(project) == []


@pytest.mark.parametrize(
    ("language", "old", "new", "problem"),
    [
        ("pl", 'msgstr "Dzień dobry, {name}!"', 'msgstr ""', "pl.po: greeting: is not translated"),
        ("en", 'msgstr "Hello, {name}!"', 'msgstr ""', "en.po: greeting: is not translated"),
        ("pl", 'msgid "greeting"', 'msgid "greetings"', "pl.po: greeting: is missing"),
        ("pl", 'msgid "greeting"', 'msgid "greetings"', "pl.po: greetings: is no text any more"),
        ("pl", "dobry, {name}!", "dobry!", "pl.po: greeting: lacks {name}"),
        ("pl", "dobry, {name}!", "dobry, {name}{who}!", "pl.po: greeting: has {who}, which nothing fills in"),
        ("pl", "dobry, {name}!", "dobry, {name", "pl.po: greeting: expected '}' before end of string"),
        ("pl", "dobry, {name}!", "dobry, {}!", "pl.po: greeting: {} is no plain placeholder"),
        ("pl", "dobry, {name}!", "dobry, {name.upper}!", "pl.po: greeting: {name.upper} is no plain placeholder"),
        ("pl", "dobry, {name}!", "dobry, {name!r}!", "pl.po: greeting: {name} is no plain placeholder"),
        ("pl", 'msgstr[2] "{count} dnia"', 'msgstr[2] ""', "pl.po: left: lacks a plural form"),
        ("pl", 'msgstr[2] "{count} dnia"\n', "", "pl.po: left: lacks a plural form"),
        ("pl", 'msgid_plural "left"\nmsgstr[0]', "msgstr", "pl.po: left: has plural forms in one language alone"),
        ("pl", 'msgid "greeting"', '#, fuzzy\nmsgid "greeting"', "pl.po: greeting: is marked as fuzzy: review it"),
        ("en", "Hello, {name}!", "Hi, {name}!", "pl.po: greeting: its English text has changed: review it"),
        ("pl", 'msgstr "Dzień', 'msgstr " Dzień', "pl.po: greeting: begins or ends with a space"),
        ("pl", 'msgstr "d MMM"', 'msgstr "d MMM y"', "pl.po: format_day: shows something else than the English"),
        ("pl", 'msgstr "d MMM"', 'msgstr "d MMMMMM"', "pl.po: format_day: is no pattern"),
        (
            "pl",
            'msgid "greeting"',
            'msgid "left"\nmsgstr "x"\n\nmsgid "greeting"',
            "pl.po: left: stands there more than",
        ),
        ("pl", 'msgid "greeting"', "msgid greeting?", "pl.po: "),
    ],
)
def test_a_lack_is_named_with_its_text_and_its_file(project, language, old, new, problem):
    """Whoever translates can go to it."""
    project.edit(language, old, new)
    assert any(one.startswith(problem) for one in list_problems(project)), list_problems(project)


@pytest.mark.parametrize(("pattern", "is_same"), [("MMM, d.", True), ("d 'day' LLLL", True), ("MMM", False)])
def test_a_pattern_may_be_written_otherwise_but_shows_the_same(project, pattern, is_same):
    """The order, the punctuation and quoted characters depend on the language."""
    project.edit("pl", 'msgstr "d MMM"', f'msgstr "{pattern}"')
    assert (list_problems(project) == []) is is_same


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [
        ("more.py", 't("farewell")', "farewell: is used, but not there"),
        ("more.py", 't.plural("farewell", 2)', "farewell: is used, but not there"),
        ("more.py", 't(f"state_{state}")', "state_…: is used, but no text begins so"),
        ("more.py", 't.translate_name("state", state)', "state_…: is used, but no text begins so"),
        ("more.html", '{{ t("farewell", name=name) }}', "farewell: is used, but not there"),
        ("more.html", '{{ t("farewell") if ends else t("greeting") }}', "farewell: is used, but not there"),
        ("more.html", '{{ t("greeting" if begins else "farewell") }}', "farewell: is used, but not there"),
        ("more.html", '{{ t("state_" ~ state) }}', "state_…: is used, but no text begins so"),
        ("more.js", 'button.textContent = t("farewell");', "farewell: is used, but not there"),
        ("more.js", "t.plural('farewell', 2)", "farewell: is used, but not there"),
        ("more.js", "t(`state_${state}`)", "state_…: is used, but no text begins so"),
        ("texts.py", 't("greeting"), t("format_day")', "left: is used by nothing"),
    ],
)
def test_what_the_sources_use_is_in_the_english_catalogue(project, name, code, problem):
    """And what is in the catalogue is used, in Python, in templates or in JavaScript."""
    project.use(code, name)
    assert f"en.po: {problem}" in list_problems(project)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("texts.py", 't("greeting"), t(f"le{x}"), t("format_day")'),
        ("more.py", 'problem = "left"\nreturn t(problem)'),
        ("more.html", '{{ parts.options(values, t, "left") }}'),
    ],
)
def test_a_text_that_is_used_in_a_roundabout_way_counts_as_used(project, name, code):
    """Its id may be put together, passed on, or looked up by a macro."""
    project.write(
        "en", {"greeting": ("Hello, {name}!",), "left_over": ("Left",), "left": ("Left",), "format_day": ("d",)}
    )
    project.use('t("greeting"), t("format_day"), "left"')
    project.use(code, name)
    assert not any("left: is used by nothing" in one for one in list_problems(project))


def test_a_language_stands_in_every_part_or_in_none(project):
    """A visitor must not read half of it in English."""
    other = project.root / "workers" / "chat" / "locales"
    other.mkdir(parents=True)
    other.joinpath("en.po").write_bytes(project.path("en").read_bytes())
    assert f"{other / 'pl.po'}: there is no such catalogue" in find_problems(project.parts)
