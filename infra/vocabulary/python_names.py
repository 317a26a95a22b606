"""Reads a Python file by its syntax tree: identifiers that it defines, log events, CLI words, docstrings, comments."""

import ast
import io
import tokenize
from collections.abc import Iterator

from infra.vocabulary.rules import Kind, Use

_LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_CLI_CALLS = frozenset({"command", "group", "option", "argument", "add_argument", "add_parser"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_python_uses(source: str, path: str) -> Iterator[Use]:
    """Yield the definitions and sentences of one file; a name that it only uses is reported where it is defined."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for kind, text, line in _find_uses(node):
            yield Use(kind, text, path, line)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Use("prose", token.string.lstrip("# "), path, token.start[0])


def _find_uses(node: ast.AST) -> Iterator[tuple[Kind, str, int]]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield "name" if _is_property(node) else "function", node.name, node.lineno
        case ast.ClassDef():
            yield "class", node.name, node.lineno
        case ast.arg():
            yield "name", node.arg, node.lineno
        case ast.Name(ctx=ast.Store()):
            yield "name", node.id, node.lineno
        case ast.Attribute(ctx=ast.Store()):
            yield "name", node.attr, node.lineno
        case ast.alias(asname=str(name)):
            yield "name", name, node.lineno
        case ast.Call(func=ast.Attribute(attr=attribute)):
            yield from _find_call_uses(node, attribute)
        case ast.Expr(value=ast.Constant(value=str(text))):
            # A docstring, or the sentence below a field.
            yield "prose", text, node.lineno
        case _:
            pass


def _find_call_uses(node: ast.Call, attribute: str) -> Iterator[tuple[Kind, str, int]]:
    texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    if attribute in _LOG_METHODS and texts and isinstance(texts[0], str):
        yield "event", texts[0], node.lineno
    if attribute in _CLI_CALLS:
        for text in texts:
            if isinstance(text, str):
                yield "cli", text, node.lineno
        for keyword in node.keywords:
            if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                yield "prose", str(keyword.value.value), keyword.value.lineno


def _is_property(node: _Function) -> bool:
    names = [
        decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
        for decorator in node.decorator_list
    ]
    return any(name in {"property", "cached_property", "fixture"} for name in names)
