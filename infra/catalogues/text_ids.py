"""Which texts the sources use: `t("replay")` names one, `t(f"state_{state}")` a family that begins so.

Python and templates are read by their syntax trees, JavaScript by its calls of `t`.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from jinja2 import Environment, nodes

_CALLS = frozenset({"plural", "get"})
_FAMILY = "translate_name"
"""`t.translate_name("state", name)` takes a text whose id is `state_` and the name."""

_JAVASCRIPT = re.compile(r"""\bt(?:\.\w+)?\(\s*(?:"([\w.]+)"|'([\w.]+)'|`([\w.]+)\$\{)""")
_WORD = re.compile(r"""["'`]([\w.]+)["'`]""")


Kind = Literal["id", "family", "passed"]
"""A text's id, how the ids of a family begin, or what a macro that is given `t` takes for either of them."""

Found = Iterable[tuple[str, Kind]]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a part of the system uses of its catalogue."""

    ids: frozenset[str]
    families: frozenset[str]
    passed: frozenset[str]
    words: frozenset[str]
    """Every word in quotes: an id may be passed on before it is looked up."""

    def is_used(self, text_id: str) -> bool:
        """Whether something asks for this text, as far as can be seen."""
        return text_id in self.ids | self.words or text_id.startswith(tuple(self.families | self.passed))


def find_usage(sources: Path) -> Usage:
    """Return what the Python, templates and JavaScript below a folder use."""
    found: dict[Kind, set[str]] = {"id": set(), "family": set(), "passed": set()}
    words: set[str] = set()
    for path in sorted(sources.rglob("*")):
        reader = _READERS.get(path.suffix)
        if reader is None or not path.is_file() or "locales" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for name, kind in reader(text):
            found[kind].add(name)
        words.update(_WORD.findall(text))
    return Usage(frozenset(found["id"]), frozenset(found["family"]), frozenset(found["passed"]), frozenset(words))


def _find_in_python(text: str) -> Found:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        match node.func, node.args[0]:
            case ast.Attribute(_, "translate_name"), ast.Constant(str(name)):
                yield f"{name}_", "family"
            case ast.Name("t") | ast.Attribute(ast.Name("t"), "plural" | "get"), first:
                yield from _find_name_in_python(first)


def _find_name_in_python(first: ast.expr) -> Found:
    match first:
        case ast.Constant(str(name)):
            yield name, "id"
        case ast.JoinedStr([ast.Constant(str(name)), *_]):
            yield name, "family"


def _find_in_template(text: str) -> Found:
    for call in Environment(autoescape=True).parse(text).find_all(nodes.Call):
        method = _find_method(call.node)
        if method is not None and call.args:
            yield from _find_names_in_template(call.args[0], method)
        for one, following in pairwise(call.args):
            if isinstance(one, nodes.Name) and one.name == "t" and isinstance(following, nodes.Const):
                yield f"{following.value}_", "passed"


def _find_method(called: nodes.Expr) -> str | None:
    """Return what is called of `t`: itself is ``, None is something else."""
    if isinstance(called, nodes.Name) and called.name == "t":
        return ""
    if isinstance(called, nodes.Getattr) and isinstance(called.node, nodes.Name) and called.node.name == "t":
        return called.attr
    return None


def _find_names_in_template(first: nodes.Expr, method: str) -> Found:
    if method == _FAMILY and isinstance(first, nodes.Const):
        yield f"{first.value}_", "family"
    elif method and method not in _CALLS:
        return
    elif isinstance(first, nodes.Const):
        yield first.value, "id"
    elif isinstance(first, nodes.Concat) and isinstance(first.nodes[0], nodes.Const):
        yield first.nodes[0].value, "family"
    elif isinstance(first, nodes.CondExpr):
        for one in filter(None, (first.expr1, first.expr2)):
            yield from _find_names_in_template(one, method)


def _find_in_javascript(text: str) -> Found:
    for double, single, template in _JAVASCRIPT.findall(text):
        if template:
            yield template, "family"
        else:
            yield double or single, "id"


_READERS = {".py": _find_in_python, ".html": _find_in_template, ".txt": _find_in_template, ".js": _find_in_javascript}
