"""The check of the vocabulary: what it finds in Python and JavaScript, and what exceptions allow."""

from pathlib import Path

import pytest

from infra.vocabulary.__main__ import WORDS
from infra.vocabulary.javascript_names import find_javascript_uses
from infra.vocabulary.python_names import find_python_uses
from infra.vocabulary.rules import Exemption, Participles, Rule, RuleError, Use, Vocabulary, read_vocabulary

NO_PARTICIPLES = Participles(frozenset(), frozenset(), ())


def vocabulary(*rules, exemptions=(), participles=NO_PARTICIPLES):
    return Vocabulary(tuple(rules), participles, tuple(exemptions))


def ban(*words, kinds=("name",), **fields):
    return Rule(frozenset(words), frozenset(kinds), "something else", **fields)


def found(checked, uses):
    return [(finding.use.kind, finding.use.text) for finding in checked.find_violations(uses)]


PYTHON = '''"""A deed of the module."""
import knock as pass_
DEED_COUNT = 1  # counts deeds
class DeedKeeper:
    deed: str
    """What a deed is."""
    def keep_deed(self, first_deed, *, other=1): self.deed_at = first_deed
    @property
    def taken(self): ...
def taken(): log.info("deed_kept", deed=1)
@click.command("deed")
def run(): ...
parser.add_argument("--deed", help="which deed")
'''


def test_python_names_events_commands_and_prose_are_found():
    uses = list(find_python_uses(PYTHON, "shared/module.py"))
    kinds = ("name", "event", "cli", "prose")
    assert found(vocabulary(ban("deed", kinds=kinds)), sorted(uses, key=lambda use: (use.kind, use.text))) == [
        ("class", "DeedKeeper"),
        ("cli", "--deed"),
        ("cli", "deed"),
        ("event", "deed_kept"),
        ("function", "keep_deed"),
        ("name", "DEED_COUNT"),
        ("name", "deed"),
        ("name", "deed_at"),
        ("name", "first_deed"),
        ("prose", "A deed of the module."),
        ("prose", "What a deed is."),
        ("prose", "counts deeds"),
        ("prose", "which deed"),
    ]


JAVASCRIPT = b"""
// a deed
const deed = 1, { letter: otherDeed, ...deeds } = {};
function readDeed(deedId, [firstDeed]) { this.deed = 1; }
class Deeds { #deed = 1; deedOf() {} }
const map = { deedKey: 1, "deed-text": 2 };
"""


def test_javascript_declarations_and_comments_are_found():
    uses = find_javascript_uses(JAVASCRIPT, "widget/module.js")
    assert sorted(found(vocabulary(ban("deed", kinds=("name", "prose"))), uses)) == [
        ("class", "Deeds"),
        ("function", "deedOf"),
        ("function", "readDeed"),
        ("name", "#deed"),
        ("name", "deed"),
        ("name", "deedId"),
        ("name", "deedKey"),
        ("name", "deeds"),
        ("name", "firstDeed"),
        ("name", "otherDeed"),
        ("prose", "// a deed"),
    ]


@pytest.mark.parametrize("text", ["story", "stories", "failureStory", "FAILURE_STORY", "story_of", "_story"])
def test_a_word_is_found_in_every_spelling(text):
    assert found(vocabulary(ban("story")), [Use("name", text, "a.py", 1)]) == [("name", text)]


@pytest.mark.parametrize("text", ["history", "storyboard", "st"])
def test_a_word_is_not_found_within_another(text):
    assert found(vocabulary(ban("story")), [Use("name", text, "a.py", 1)]) == []


def test_a_rule_may_be_about_whole_names_and_about_folders():
    checked = vocabulary(ban("work", whole=True, paths=("shared/*",)))
    names = [("shared/a/b.py", "work"), ("shared/a.py", "work_item"), ("ops/a.py", "work")]
    assert [
        finding.use.path for finding in checked.find_violations(Use("name", name, path, 1) for path, name in names)
    ] == ["shared/a/b.py"]


def test_an_exception_allows_names_paths_and_phrases_and_is_reported_when_nothing_needs_it():
    names = Exemption("letter", "the field's word", names=("*dead_letter*",))
    phrases = Exemption("letter", "the field's word", phrases=("dead letter",))
    folder = Exemption("letter", "old", paths=("old/*",))
    checked = vocabulary(ban("letter", kinds=("name", "prose")), exemptions=(names, phrases, folder))
    uses = [
        Use("name", "read_dead_letters", "a.py", 1),
        Use("name", "letters", "a.py", 2),
        Use("prose", "A dead letter.", "a.py", 3),
        Use("prose", "A dead letter is no letter.", "a.py", 4),
    ]
    assert [finding.use.line for finding in checked.find_violations(uses)] == [2, 4]
    assert checked.list_unused_exemptions() == [folder]


@pytest.mark.parametrize("name", ["taken", "_checked", "found", "closed"])
def test_a_function_is_no_lone_participle(name):
    participles = Participles(frozenset({"taken", "found"}), frozenset({"feed"}), ("shared/*",))
    checked = vocabulary(participles=participles)
    assert found(checked, [Use("function", name, "shared/a.py", 1)]) == [("function", name)]
    assert found(checked, [Use("function", name, "tests/a.py", 1), Use("name", name, "shared/a.py", 1)]) == []
    assert found(checked, [Use("function", one, "shared/a.py", 1) for one in ("feed", "check_taken", "take")]) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[rule]]\nwords = ["a"]\nkinds = ["name"]\n', "lacks 'use'"),
        (
            '[[rule]]\nwords = ["a"]\nkinds = ["nam"]\nuse = "b"\n[[exception]]\nword="a"\nreason="b"\n',
            "no such kind: nam",
        ),
        ('[[rule]]\nwords = ["a"]\nkinds = ["name"]\nuse = "b"\n[[exception]]\nword = "a"\n', "lacks 'reason'"),
    ],
)
def test_a_list_that_means_nothing_is_refused(tmp_path, text, says):
    path = tmp_path / "words.toml"
    path.write_text(f"{text}\n[participles]\nirregular = []\nverbs = []\npaths = []\n")
    with pytest.raises(RuleError, match=says):
        read_vocabulary(path)


def test_every_word_that_readers_stumbled_over_is_on_the_list():
    """Found by a reader who did not know the project."""
    stumbled = (
        "letter line hold settle story turn seat page refused gate deed place knock pass told said taken closed opened "
        "shown together many pace moves tries own reference"
    )
    assert set(stumbled.split()) - {word.lower() for word in read_vocabulary(Path(WORDS)).words} == set()
