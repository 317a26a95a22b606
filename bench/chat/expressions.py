"""The expressions of DynamoDB, as far as the workers use them: conditions and updates of top-level attributes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

Item = dict[str, Any]
Operand = Callable[[Mapping[str, Any], "Given"], Any]
Condition = Callable[[Mapping[str, Any], "Given"], bool]
Update = Callable[[Item, "Given"], Item]

_WORD = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[#:]?\w+)")
_SECTIONS = frozenset({"SET", "ADD", "REMOVE"})


class Given:
    """The names and values that come with an expression."""

    __slots__ = ("names", "values")

    def __init__(self, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self.names = names
        self.values = values


def to_comparable(value: Mapping[str, Any]) -> Any:
    """Return what an attribute's value is compared by."""
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content


@lru_cache
def parse_condition(text: str) -> Condition:
    """Return a condition, or the condition on a key; raise `ValueError` for what is not known here."""
    parser = _Parser(text)
    condition = parser.read_or()
    parser.expect_end()
    return condition


@lru_cache
def parse_update(text: str) -> Update:
    """Return the function that changes an item in place and returns what it has changed."""
    parser = _Parser(text)
    steps: list[Callable[[Item, Given, Item], None]] = []
    section = ""
    while parser.word:
        if parser.word.upper() in _SECTIONS:
            section = parser.take().upper()
        steps.append(parser.read_step(section))
        if parser.word == ",":
            parser.take()

    def update(item: Item, given: Given) -> Item:
        before, changed = dict(item), Item()
        for step in steps:
            step(before, given, changed)
        for name, value in changed.items():
            if value is None:
                item.pop(name, None)
            else:
                item[name] = value
        return {name: value for name, value in changed.items() if value is not None}

    return update


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _WORD.findall(text)
        if "".join(self._tokens) != "".join(text.split()):
            raise ValueError(f"not understood: {text}")

    @property
    def word(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, expected: str = "") -> str:
        word: str = self._tokens.pop(0)
        if expected and word != expected:
            raise ValueError(f"{expected} expected, {word} found")
        return word

    def expect_end(self) -> None:
        if self._tokens:
            raise ValueError(f"not understood: {self._tokens}")

    # --- conditions ---

    def read_or(self) -> Condition:
        parts = [self._read_and()]
        while self.word == "OR":
            self.take()
            parts.append(self._read_and())
        return parts[0] if len(parts) == 1 else lambda item, given: any(part(item, given) for part in parts)

    def _read_and(self) -> Condition:
        parts = [self._read_term()]
        while self.word == "AND":
            self.take()
            parts.append(self._read_term())
        return parts[0] if len(parts) == 1 else lambda item, given: all(part(item, given) for part in parts)

    def _read_term(self) -> Condition:
        if self.word == "(":
            self.take()
            inner = self.read_or()
            self.take(")")
            return inner
        if self.word in {"attribute_exists", "attribute_not_exists"}:
            is_wanted = self.take() == "attribute_exists"
            self.take("(")
            name = self.take()
            self.take(")")
            return lambda item, given: (_resolve(name, given) in item) is is_wanted
        if self.word == "begins_with":
            self.take()
            whole, prefix = self._read_arguments()
            return lambda item, given: _begins_with(whole(item, given), prefix(item, given))
        return self._read_comparison()

    def _read_comparison(self) -> Condition:
        left, sign = self.read_operand(), self.take()
        if sign == "IN":
            options = self._read_arguments()
            return lambda item, given: any(_compare(item, given, left, option, "=") for option in options)
        first = self.read_operand()
        if sign == "BETWEEN":
            self.take("AND")
            last = self.read_operand()
            return lambda item, given: (
                _compare(item, given, left, first, ">=") and _compare(item, given, left, last, "<=")
            )
        if sign not in {"=", "<>", "<", "<=", ">", ">="}:
            raise ValueError(f"no comparison: {sign}")
        return lambda item, given: _compare(item, given, left, first, sign)

    def read_operand(self) -> Operand:
        word = self.take()
        if word == "if_not_exists":
            self.take("(")
            name = self.take()
            self.take(",")
            otherwise = self.read_operand()
            self.take(")")
            return lambda item, given: item.get(_resolve(name, given)) or otherwise(item, given)
        if word.startswith(":"):
            return lambda item, given: given.values[word]
        return lambda item, given: item.get(_resolve(word, given))

    def _read_arguments(self) -> list[Operand]:
        self.take("(")
        operands = [self.read_operand()]
        while self.word == ",":
            self.take()
            operands.append(self.read_operand())
        self.take(")")
        return operands

    # --- updates ---

    def read_step(self, section: str) -> Callable[[Item, Given, Item], None]:
        name = self.take()

        def remove(item: Item, given: Given, changed: Item) -> None:
            changed[_resolve(name, given)] = None

        if section == "REMOVE":
            return remove
        if section == "SET":
            self.take("=")
        operand = self._read_sum() if section == "SET" else self.read_operand()

        def set_value(item: Item, given: Given, changed: Item) -> None:
            changed[_resolve(name, given)] = operand(item, given)

        def add(item: Item, given: Given, changed: Item) -> None:
            key = _resolve(name, given)
            total = Decimal(item.get(key, {"N": "0"})["N"]) + Decimal(operand(item, given)["N"])
            changed[key] = {"N": str(total)}

        return set_value if section == "SET" else add

    def _read_sum(self) -> Operand:
        left = self.read_operand()
        if self.word not in {"+", "-"}:
            return left
        sign = 1 if self.take() == "+" else -1
        right = self.read_operand()
        return lambda item, given: {"N": str(_read_number(left, item, given) + sign * _read_number(right, item, given))}


def _resolve(name: str, given: Given) -> str:
    return given.names[name] if name.startswith("#") else name


def _read_number(operand: Operand, item: Mapping[str, Any], given: Given) -> Decimal:
    return Decimal(operand(item, given)["N"])


def _begins_with(whole: Mapping[str, Any] | None, prefix: Mapping[str, Any]) -> bool:
    return whole is not None and str(whole.get("S", "")).startswith(prefix["S"])


def _compare(item: Mapping[str, Any], given: Given, left: Operand, right: Operand, sign: str) -> bool:
    one, other = left(item, given), right(item, given)
    if one is None or other is None:
        return False
    if sign == "=":
        return bool(one == other) if "N" not in one else to_comparable(one) == to_comparable(other)
    a, b = to_comparable(one), to_comparable(other)
    return {"<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
