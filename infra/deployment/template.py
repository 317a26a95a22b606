"""Reads a template as data: its parameters, and the resources that exist under given values of them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """Loads `!Ref`, `!Sub` and the other short forms."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: str(value).split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise TypeError(node)


_Loader.add_multi_constructor("!", _function)


@lru_cache(maxsize=8)
def _parse(text: str) -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a safe loader with functions
    return content


@dataclass(frozen=True)
class Template:
    """A template; `values` is always the value of every parameter."""

    text: str

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """Return the whole template with the long forms of all functions."""
        return _parse(self.text)

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the declared parameters by name."""
        declared: Mapping[str, Mapping[str, Any]] = self.content.get("Parameters", {})
        return declared

    def values(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the given values, and the defaults of all other parameters."""
        defaults = {name: str(each.get("Default", "")) for name, each in self.parameters.items()}
        return {name: given.get(name, default) for name, default in defaults.items()}

    def resources(self, values: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
        """Return the resources whose condition is true, by logical id."""
        return {
            name: each
            for name, each in self.content["Resources"].items()
            if "Condition" not in each or self.is_true({"Condition": each["Condition"]}, values)
        }

    def resolve(self, expression: Any, values: Mapping[str, str]) -> str | None:
        """Return the text of an expression of parameters only; None if it contains anything else."""
        if isinstance(expression, str | int | float):
            return str(expression)
        if isinstance(expression, Mapping) and len(expression) == 1:
            [(function, argument)] = expression.items()
            if function == "Ref":
                return values.get(argument)
            if function == "Fn::Sub" and isinstance(argument, str):
                names = re.findall(r"\$\{([^}]+)\}", argument)
                if all(name in values for name in names):
                    return re.sub(r"\$\{([^}]+)\}", lambda match: values[match[1]], argument)
            if function == "Fn::If":
                return self.resolve(argument[1 if self.is_true({"Condition": argument[0]}, values) else 2], values)
        return None

    def only(self, names: Iterable[str]) -> str:
        """Return a template of these resources alone, for an import: without outputs, which an import may not add."""
        kept = set(names)
        content = {key: value for key, value in self.content.items() if key not in {"Outputs", "Rules"}}
        content["Resources"] = {name: each for name, each in self.content["Resources"].items() if name in kept}
        return json.dumps(content, default=str)

    def is_true(self, condition: Mapping[str, Any], values: Mapping[str, str]) -> bool:
        """Return whether a condition holds."""
        [(function, argument)] = condition.items()
        match function:
            case "Condition":
                return self.is_true(self.content["Conditions"][argument], values)
            case "Fn::Equals":
                one, other = (self.resolve(each, values) for each in argument)
                return one == other
            case "Fn::Not":
                return not self.is_true(argument[0], values)
            case "Fn::And":
                return all(self.is_true(each, values) for each in argument)
            case "Fn::Or":
                return any(self.is_true(each, values) for each in argument)
        raise ValueError(f"a condition with {function} can't be evaluated here")
