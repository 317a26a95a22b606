"""Evaluates the template's conditions and functions for given parameters, as CloudFormation does."""

import re

PSEUDO_PARAMETERS = {
    "AWS::Region": "eu-central-1",
    "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stride",
}

ABSENT = object()
"""The value of `AWS::NoValue`: the property is left out."""


class Deployment:
    """The template with parameters; a resource's name or attribute stands for its value in this deployment."""

    def __init__(self, template, **parameters):
        defaults = {name: each["Default"] for name, each in template["Parameters"].items() if "Default" in each}
        self._template = template
        self._values = {**PSEUDO_PARAMETERS, **defaults, **parameters}

    def holds(self, name):
        """Return whether a condition is true."""
        return self.value(self._template["Conditions"][name])

    def broken_rules(self):
        """Return the descriptions of the assertions that refuse these parameters."""
        return [
            assertion["AssertDescription"]
            for rule in self._template["Rules"].values()
            if self.value(rule.get("RuleCondition", True))
            for assertion in rule["Assertions"]
            if not self.value(assertion["Assert"])
        ]

    def resources(self):
        """Return the resources whose condition is true, by their logical id."""
        return {
            name: each
            for name, each in self._template["Resources"].items()
            if "Condition" not in each or self.holds(each["Condition"])
        }

    def properties(self, name):
        """Return a resource's properties with every function evaluated."""
        return self.value(self._template["Resources"][name]["Properties"])

    def output(self, name):
        """Return the value of an output, or None if its condition is false."""
        output = self._template["Outputs"][name]
        return self.value(output["Value"]) if "Condition" not in output or self.holds(output["Condition"]) else None

    def value(self, given):
        """Return a value with every function in it evaluated."""
        if isinstance(given, list):
            return [each for each in map(self.value, given) if each is not ABSENT]
        if not isinstance(given, dict):
            return given
        if len(given) == 1:
            [(function, argument)] = given.items()
            if function in self._functions and not (function == "Condition" and isinstance(argument, dict)):
                return self._functions[function](argument)
        evaluated = {key: self.value(each) for key, each in given.items()}
        return {key: each for key, each in evaluated.items() if each is not ABSENT}

    @property
    def _functions(self):
        return {
            "Ref": lambda name: ABSENT if name == "AWS::NoValue" else self._values.get(name, name),
            "Condition": self.holds,
            "Fn::Equals": lambda pair: str(self.value(pair[0])) == str(self.value(pair[1])),
            "Fn::Not": lambda parts: not self.value(parts[0]),
            "Fn::And": lambda parts: all(map(self.value, parts)),
            "Fn::Or": lambda parts: any(map(self.value, parts)),
            "Fn::If": lambda parts: self.value(parts[1] if self.holds(parts[0]) else parts[2]),
            "Fn::GetAtt": ".".join,
            "Fn::Join": lambda parts: parts[0].join(self.value(parts[1])),
            "Fn::Split": lambda parts: self.value(parts[1]).split(parts[0]),
            "Fn::Contains": lambda parts: self.value(parts[1]) in self.value(parts[0]),
            "Fn::Sub": self._substitute,
            "Fn::FindInMap": lambda path: self._template["Mappings"][path[0]][self.value(path[1])][path[2]],
        }

    def _substitute(self, given):
        """Return the text with its variables replaced, those that stand beside it first."""
        text, own = (given, {}) if isinstance(given, str) else (given[0], self.value(given[1]))
        values = {**self._values, **own}
        return re.sub(r"\$\{([^}!]+)\}", lambda match: str(values.get(match[1], match[1])), text)
