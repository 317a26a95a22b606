"""Reads the text of a profile as a tree of YAML nodes with lines, and explains what is not YAML."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from shared.errors import ConfigurationError
from shared.queueable_text import remove_unqueueable

_MERGE = "tag:yaml.org,2002:merge"
_BOOL = "tag:yaml.org,2002:bool"
MAX_QUOTED_CHARACTERS = 60
"""How many characters of a value a sentence repeats."""

_ADVICE = (
    ("expected ',' or '}', but got '?'", "put a text that ends with `?` in quotes"),
    ("expected ',' or ']', but got '?'", "put a text that ends with `?` in quotes"),
    ("found character '\\t'", "indent with spaces, not with tabs"),
    ("found character", "put a text that begins with this character in quotes"),
    ("mapping values are not allowed", "check the indentation, and put a text that contains `: ` in quotes"),
    ("could not find expected ':'", "write a colon and a space after the name of a field, such as `name: value`"),
    ("expected <block end>", "check the indentation: the fields of a section begin in the same column"),
    ("expected alphabetic or numeric", "put a text that begins with `*` or `&` in quotes"),
    ("found undefined alias", "put a text that begins with `*` in quotes"),
    ("found unhashable key", "put a text that begins with `{` or `[` in quotes"),
    ("but found another document", "delete the line `---`"),
    ("expected ',' or", "close the bracket, and separate its parts with commas"),
    ("found unexpected end of stream", "close the quotes"),
)


class TextPosition(NamedTuple):
    """Where something is in the text."""

    line: int
    node: yaml.Node | None
    """The value; None where the text has only a part of the location."""
    path: str


class _Loader(yaml.SafeLoader):
    """Leaves out what no queue takes: a name with such a character, which YAML can escape, would stop every notice."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        return remove_unqueueable(super().construct_scalar(node))


def read_tree(text: str) -> tuple[yaml.Node | None, object]:
    """Return the nodes, and the content that they stand for.

    Raises:
        ConfigurationError: the text is not YAML, or uses `<<`; with the line and what to write.
    """
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        _refuse_merges(tree)
        return tree, loader.construct_document(tree) if tree else None
    except yaml.MarkedYAMLError as error:
        raise ConfigurationError(_explain_error(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigurationError(
            f"line {line}: not valid YAML: delete the invisible character U+{ord(text[error.position]):04X}"
        ) from None
    except RecursionError:
        raise ConfigurationError("line 1: not valid YAML: brackets or lists are nested too deeply") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        # For a tag such as `!!int ""` the parser raises whatever its constructor raises.
        raise ConfigurationError(_explain_value(tree, error)) from None


def _explain_error(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "unknown"
    mark = error.problem_mark
    if problem.startswith(("could not find expected", "found unexpected end of stream")):
        # Noticed later than where the text is wrong.
        mark = error.context_mark or mark
    advice = next((advice for beginning, advice in _ADVICE if problem.startswith(beginning)), "")
    return f"line {mark.line + 1 if mark else 1}: not valid YAML: {problem}" + (f": {advice}" if advice else "")


def _explain_value(tree: yaml.Node | None, error: Exception) -> str:
    """Name the first value that can't be read as what it looks like."""
    for node in walk_nodes(tree):
        if not isinstance(node, yaml.ScalarNode):
            continue
        try:
            yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError):
            line, value, kind = node.start_mark.line + 1, shorten(node.value), node.tag.rpartition(":")[2]
            if kind == "timestamp":
                return f"line {line}: not valid YAML: {value} is no date of the calendar: correct it"
            return f"line {line}: not valid YAML: {value!r} can't be read as {kind}: correct it, or put it in quotes"
    return f"line 1: not valid YAML: {type(error).__name__}"


def walk_nodes(tree: yaml.Node | None) -> Iterator[yaml.Node]:
    """Return every node once, however often references repeat it, in the order of the text."""
    seen: set[int] = set()
    waiting = [tree] if tree else []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]


def _refuse_merges(tree: yaml.Node | None) -> None:
    """Refuse `<<`: the parser copies the merged mapping, so a few lines could fill the memory.

    References (`*name`) are allowed: their target is shared, not copied, and the length of the lists bounds how often
    it is checked.
    """
    for node in walk_nodes(tree):
        if node.tag == _MERGE:
            raise ConfigurationError(f"line {node.start_mark.line + 1}: write the fields out instead of `<<`")


def find_position(tree: yaml.Node | None, location: Sequence[str | int]) -> TextPosition:
    """Return the deepest part of the location that the text has; its path is written as in the text."""
    node, line, names = tree, 1, list(map(shorten, location))
    for number, part in enumerate(location):
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if _is_named(key, part):
                    child, line, names[number] = value, key.start_mark.line + 1, shorten(key.value)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            line = child.start_mark.line + 1
        if child is None:
            return TextPosition(line, None, ".".join(names))
        node = child
    return TextPosition(line, node, ".".join(names))


def _is_named(key: yaml.Node, part: str | int) -> bool:
    if key.tag == _BOOL and isinstance(part, int):  # pydantic's name of the key `no`, which YAML reads as false
        return bool(yaml.SafeLoader.bool_values[key.value.lower()]) == bool(part)
    return bool(key.value == str(part))


def shorten(value: object) -> str:
    """Return a value for a sentence."""
    text = str(value)
    return text if len(text) <= MAX_QUOTED_CHARACTERS else f"{text[:MAX_QUOTED_CHARACTERS]}…"
