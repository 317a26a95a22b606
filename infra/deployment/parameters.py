"""Chooses the value of every parameter: named, computed, previous or the template's default."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.deployment.errors import DeployError
from infra.deployment.template import Template

HIDDEN = "****"
"""CloudFormation reports the value of a NoEcho parameter so."""


@dataclass(frozen=True)
class Choice:
    """The values of a deployment; a parameter in neither mapping has the template's default."""

    set: Mapping[str, str]
    kept: Mapping[str, str]
    """Parameters that keep their value in the stack; CloudFormation knows it, we may not (NoEcho)."""

    def request(self) -> list[dict[str, Any]]:
        """Return the parameters as CloudFormation takes them."""
        requested: dict[str, dict[str, Any]] = {name: {"UsePreviousValue": True} for name in self.kept}
        requested |= {name: {"ParameterValue": value} for name, value in self.set.items()}
        return [{"ParameterKey": name, **value} for name, value in sorted(requested.items())]

    def values(self, template: Template) -> dict[str, str]:
        """Return the value of every parameter of the template."""
        return template.values({**self.kept, **self.set})


def choose_parameters(template: Template, *, previous: Mapping[str, str], values: Mapping[str, str]) -> Choice:
    """Set `values`, and keep the previous value of every other parameter that the template still has."""
    kept = {name: value for name, value in previous.items() if name in template.parameters and name not in values}
    return Choice({name: value for name, value in values.items() if name in template.parameters}, kept)


def check_names(template: Template, named: Iterable[str]) -> None:
    """Refuse a parameter that the template does not have; CloudFormation's own message has no suggestion."""
    check_known("parameter", named, template.parameters)


def check_known(kind: str, named: Iterable[str], known: Collection[str]) -> None:
    """Refuse unknown names, with the nearest known one."""
    problems = []
    for name in sorted(set(named) - set(known)):
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        problems.append(f"no {kind} {name}" + (f": did you mean {nearest[0]}?" if nearest else ""))
    if problems:
        raise DeployError("; ".join(problems))


def parse_pairs(pairs: Sequence[str], *, example: str) -> dict[str, str]:
    """Return `NAME=VALUE` pairs as a mapping; `NAME=` sets an empty value."""
    parsed = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise DeployError(f"{pair!r} does not look like {example}")
        parsed[name] = value
    return parsed


def describe_changes(template: Template, before: Mapping[str, str], choice: Choice) -> list[str]:
    """Return a line for each parameter whose value changes; for a new stack, for each that is set."""
    lines = []
    for name, value in sorted(choice.values(template).items()):
        old = before.get(name)
        hidden = template.parameters[name].get("NoEcho") in {True, "true"}
        if name in choice.kept or old == value or (not before and name not in choice.set):
            continue
        new = HIDDEN if hidden else value or "(empty)"
        default = "" if name in choice.set else " (default)"
        lines.append(f"{name}: {'new, ' if old is None else (old or '(empty)') + ' -> '}{new}{default}")
    lines += [
        f"{name}: {value or '(empty)'} -> (removed)"
        for name, value in sorted(before.items())
        if name not in template.parameters
    ]
    return lines
