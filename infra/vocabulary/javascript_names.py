"""Reads a JavaScript file by its syntax tree: the identifiers that it declares, and its comments."""

from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from infra.vocabulary.rules import Kind, Use

_JAVASCRIPT = Language(tree_sitter_javascript.language())

_DECLARING: dict[str, tuple[str, Kind]] = {
    "function_declaration": ("name", "function"),
    "generator_function_declaration": ("name", "function"),
    "method_definition": ("name", "function"),
    "class_declaration": ("name", "class"),
    "variable_declarator": ("name", "name"),
    "field_definition": ("property", "name"),
    "pair": ("key", "name"),
}
"""The field of each node type that declares a name, and the kind of that name."""

_PATTERN_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})


def find_javascript_uses(source: bytes, path: str) -> Iterator[Use]:
    """Yield the declared names and the comments of one file."""
    pending = [Parser(_JAVASCRIPT).parse(source).root_node]
    while pending:
        node = pending.pop()
        pending.extend(node.children)
        for kind, name in _find_declared_names(node):
            yield Use(kind, _decode_text(name), path, name.start_point.row + 1)
        if node.type == "comment":
            yield Use("prose", _decode_text(node), path, node.start_point.row + 1)


def _find_declared_names(node: Node) -> Iterator[tuple[Kind, Node]]:
    if node.type == "formal_parameters":
        for parameter in node.named_children:
            for name in _find_pattern_names(parameter):
                yield "name", name
        return
    if node.type not in _DECLARING:
        return
    field, kind = _DECLARING[node.type]
    declared = node.child_by_field_name(field)
    if declared is None:
        return
    if declared.type.endswith("_pattern"):
        for part in _find_pattern_names(declared):
            yield kind, part
    elif declared.type in {"identifier", "property_identifier", "private_property_identifier"}:
        yield kind, declared


def _find_pattern_names(node: Node) -> Iterator[Node]:
    if node.type in _PATTERN_NAMES:
        yield node
    for child in node.named_children:
        if child.type != "comment":
            yield from _find_pattern_names(child)


def _decode_text(node: Node) -> str:
    return (node.text or b"").decode()
