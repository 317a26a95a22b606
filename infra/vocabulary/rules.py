"""The rules of `words.toml`: which word is not used where, what to write instead, and which uses are excepted.

A rule names words and the kinds of places in which they are not used. An exception allows a word in some paths, or in
names and sentences of some form, and says why. An exception that allows nothing any more is reported, too.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["name", "function", "class", "file", "event", "cli", "prose"]
"""The kind of an occurrence. `name` is any identifier, functions and classes included."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_ALSO: dict[Kind, Kind] = {"function": "name", "class": "name"}

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PARTICIPLE = re.compile(r"_*(?P<word>[a-z]+ed|[a-z]+)")


class RuleError(ValueError):
    """`words.toml` has an invalid rule."""


@dataclass(frozen=True, slots=True)
class Use:
    """One occurrence of words that are checked."""

    kind: Kind
    text: str
    """The identifier, the file's name without its ending, the event, the CLI word, or the sentence."""
    path: str
    """Relative to the repository, with `/`."""
    line: int


@dataclass(frozen=True)
class Rule:
    """Words that are not used, and their replacement."""

    words: frozenset[str]
    kinds: frozenset[Kind]
    use: str
    paths: tuple[str, ...] = ("*",)
    whole: bool = False
    """Only where the word is the whole name."""

    def find_match(self, use: Use) -> str | None:
        """Return the word that the use should not contain, if it contains one."""
        if not ({use.kind, _ALSO.get(use.kind)} & self.kinds) or not _matches_any_pattern(use.path, self.paths):
            return None
        words = split_words(use)
        if self.whole and len(words) > 1:
            return None
        return next((word for word in words if to_singular(word) in self.words or word in self.words), None)


@dataclass(frozen=True)
class Exemption:
    """A use that stays, with its reason."""

    word: str
    reason: str
    paths: tuple[str, ...] = ("*",)
    names: tuple[str, ...] = ()
    """Patterns of identifiers, file names, events or CLI words."""
    phrases: tuple[str, ...] = ()
    """In prose the word is allowed as a part of these. Without names and phrases everything in the paths is allowed."""
    used: list[Use] = field(default_factory=list, compare=False)

    def allows(self, word: str, use: Use) -> bool:
        """Return whether the word may stand here."""
        if self.word not in {word, to_singular(word)} or not _matches_any_pattern(use.path, self.paths):
            return False
        if not self.names and not self.phrases:
            allowed = True
        elif use.kind == "prose":
            allowed = not re.search(rf"\b{word}\b", self._remove_phrases(use.text), re.IGNORECASE)
        else:
            allowed = any(fnmatchcase(use.text, pattern) for pattern in self.names)
        if allowed:
            self.used.append(use)
        return allowed

    def _remove_phrases(self, text: str) -> str:
        for phrase in self.phrases:
            text = re.sub(re.escape(phrase), "", text, flags=re.IGNORECASE)
        return text


@dataclass(frozen=True)
class Participles:
    """Function names start with verbs: a participle alone (`taken`, `checked`) names neither action nor object."""

    irregular: frozenset[str]
    verbs: frozenset[str]
    """Words that end in "ed" and are verbs or nouns."""
    paths: tuple[str, ...]

    def find_match(self, use: Use) -> str | None:
        """Return the participle that is the whole name of a function."""
        found = _PARTICIPLE.fullmatch(use.text)
        if use.kind != "function" or found is None or not _matches_any_pattern(use.path, self.paths):
            return None
        word = found["word"]
        is_participle = word in self.irregular or (word.endswith("ed") and word not in self.verbs)
        return word if is_participle else None


@dataclass(frozen=True)
class Finding:
    """A use that breaks a rule."""

    use: Use
    word: str
    instead: str

    def __str__(self) -> str:
        """Return one line, as compilers write them."""
        location = f"{self.use.path}:{self.use.line}"
        return f"{location}: {self.use.kind} {self.use.text!r} uses {self.word!r}; write: {self.instead}"


@dataclass(frozen=True)
class Vocabulary:
    """All rules with their exceptions."""

    rules: tuple[Rule, ...]
    participles: Participles
    exemptions: tuple[Exemption, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        """Return every word that a rule names."""
        return frozenset(self._rules_by_word)

    @cached_property
    def _rules_by_word(self) -> dict[str, frozenset[int]]:
        numbers: defaultdict[str, set[int]] = defaultdict(set)
        for number, rule in enumerate(self.rules):
            for word in rule.words:
                numbers[word].add(number)
        return {word: frozenset(found) for word, found in numbers.items()}

    def find_violations(self, uses: Iterable[Use]) -> Iterator[Finding]:
        """Yield every use that breaks a rule and is not excepted."""
        for use in uses:
            for rule in self._list_rules(use):
                word = rule.find_match(use)
                if word is not None and not self._is_exempt(word, use):
                    yield Finding(use, word, rule.use)
            participle = self.participles.find_match(use)
            if participle is not None and not self._is_exempt(participle, use):
                yield Finding(use, participle, "a verb with an object, such as `check_frame` for `checked`")

    def _list_rules(self, use: Use) -> list[Rule]:
        """Return the rules that name one of the words, in their order: few uses have one, and there are many rules."""
        words = set(split_words(use))
        words.update([to_singular(word) for word in words])
        numbers = {number for word in words & self.words for number in self._rules_by_word[word]}
        return [self.rules[number] for number in sorted(numbers)]

    def list_unused_exemptions(self) -> list[Exemption]:
        """Return the exceptions that nothing needed; call it after `find_violations`."""
        return [exemption for exemption in self.exemptions if not exemption.used]

    def _is_exempt(self, word: str, use: Use) -> bool:
        # Every exception is evaluated, so that none of two overlapping ones counts as unused.
        answers = [exemption.allows(word, use) for exemption in self.exemptions]
        return any(answers)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the rules.

    Raises:
        RuleError: a rule or an exception is incomplete, or has an unknown kind.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        rules = tuple(
            Rule(
                words=frozenset(entry["words"]),
                kinds=frozenset(entry["kinds"]),
                use=entry["use"],
                paths=tuple(entry.get("paths", ["*"])),
                whole=entry.get("whole", False),
            )
            for entry in content["rule"]
        )
        exemptions = tuple(
            Exemption(
                word=entry["word"],
                reason=entry["reason"],
                paths=tuple(entry.get("paths", ["*"])),
                names=tuple(entry.get("names", [])),
                phrases=tuple(entry.get("phrases", [])),
            )
            for entry in content["exception"]
        )
        lone = content["participles"]
        participles = Participles(frozenset(lone["irregular"]), frozenset(lone["verbs"]), tuple(lone["paths"]))
    except KeyError as error:
        raise RuleError(f"{path}: an entry lacks {error}") from error
    unknown = {kind for rule in rules for kind in rule.kinds} - set(KINDS)
    if unknown:
        raise RuleError(f"{path}: no such kind: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return Vocabulary(rules, participles, exemptions)


def split_words(use: Use) -> list[str]:
    """Split a name (`snake_case`, `camelCase`, `kebab-case`) or a sentence into words in lower case."""
    if use.kind == "prose":
        return re.findall(r"[a-z]+", use.text.lower())
    return [part.lower() for part in _PARTS.findall(use.text)]


def to_singular(word: str) -> str:
    """Return the word without the "s" of a plural; `entries` becomes `entry`."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _matches_any_pattern(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
