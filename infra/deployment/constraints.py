"""Checks the values of parameters as CloudFormation does, which would say so only after packages were uploaded.

A dry run in an empty account makes no change set, so nobody else would check them
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html).
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.deployment.errors import DeployError
from infra.deployment.parameters import HIDDEN
from infra.deployment.template import Template

_QUOTED_LENGTH = 60


def check_values(template: Template, named: Mapping[str, str]) -> None:
    """Refuse the values that the template does not accept, all at once; a secret value is not shown."""
    problems = []
    for name, value in sorted(named.items()):
        declared = template.parameters[name]
        if not _is_accepted(declared, value):
            is_hidden = declared.get("NoEcho") in {True, "true"}
            quoted = HIDDEN if is_hidden else repr(value[:_QUOTED_LENGTH]) + ("..." if value[_QUOTED_LENGTH:] else "")
            problems.append(f"{name}={quoted} is refused: it must be {_describe(declared)}")
    if problems:
        raise DeployError("; ".join(problems))


def _is_accepted(declared: Mapping[str, Any], value: str) -> bool:
    if not int(declared.get("MinLength", 0)) <= len(value) <= int(declared.get("MaxLength", len(value))):
        return False
    if "AllowedValues" in declared and value not in {str(each) for each in declared["AllowedValues"]}:
        return False
    if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], value):
        return False
    return declared["Type"] != "Number" or _is_number_in_range(declared, value)


def _is_number_in_range(declared: Mapping[str, Any], value: str) -> bool:
    # `float` also reads `nan`, `1e3`, `1_000` and digits of other scripts.
    if not re.fullmatch(r"-?[0-9]+([.][0-9]+)?", value):
        return False
    number = float(value)
    return float(declared.get("MinValue", number)) <= number <= float(declared.get("MaxValue", number))


def _describe(declared: Mapping[str, Any]) -> str:
    if "ConstraintDescription" in declared:
        return str(declared["ConstraintDescription"]).rstrip(".")
    if "AllowedValues" in declared:
        return f"one of {', '.join(str(each) for each in declared['AllowedValues'])}"
    parts = ["a number" if declared["Type"] == "Number" else "text"]
    ranges = (("MinValue", "at least {}"), ("MaxValue", "at most {}"), ("MaxLength", "of up to {} characters"))
    parts += [text.format(declared[name]) for name, text in ranges if name in declared]
    parts += [f"that matches {declared['AllowedPattern']}"] if "AllowedPattern" in declared else []
    return " ".join(parts).replace(" at most", " and at most")
