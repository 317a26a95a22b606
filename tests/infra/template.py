"""Reads the template as plain data, with the short forms of CloudFormation's functions expanded."""

from pathlib import Path

import yaml

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"


class _Loader(yaml.CSafeLoader):
    """Loads `!Ref`, `!Sub` and the other short forms."""


def _function(loader, suffix, node):
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _function)


def load():
    """Return the whole template."""
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader with functions


def of_type(template, kind):
    """Return the resources of a type by their logical id."""
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def everything_in(value):
    """Yield every value inside, at any depth."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from everything_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything_in(inner)


def as_list(value):
    """Return a single value or a list as a list."""
    return value if isinstance(value, list) else [value]


def statements(template):
    """Yield (resource, statement) for every policy statement of our roles."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", ())]
        elif resource["Type"] == "AWS::IAM::ManagedPolicy":
            documents = [resource["Properties"]["PolicyDocument"]]
        else:
            continue
        for document in documents:
            for statement in document["Statement"]:
                # A conditional statement: the one for a true condition.
                yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement
