"""Parses the text of a `profile.yaml` to a checked profile, or reports the line and the reason of each error."""

from collections.abc import Sequence

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import ConfigurationError
from shared.tenants.grid import check_bucket_counts
from shared.tenants.profile import TenantProfile
from shared.validation import describe_problem

MAX_PROFILE_BYTES = 256 * 1024
_KEY = "[key]"
"""What pydantic adds to the location of an invalid key."""

_MERGE = "tag:yaml.org,2002:merge"


def parse_profile(text: str) -> TenantProfile:
    """Return the profile.

    Raises:
        ConfigurationError: one sentence per problem, each with its line, such as
            `line 12: services.0.duration_minutes: must be a multiple of 5 minutes`.
    """
    if len(text.encode()) > MAX_PROFILE_BYTES:
        raise ConfigurationError(f"the profile is larger than {MAX_PROFILE_BYTES // 1024} KB")
    try:
        loader = yaml.SafeLoader(text)
        tree = loader.get_single_node()
        _refuse_merges(tree)
        content = loader.construct_document(tree) if tree else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"line {line}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError) as error:
        # For a tag such as `!!int ""` the parser raises whatever its constructor raises.
        raise ConfigurationError(f"line 1: not valid YAML: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise ConfigurationError("line 1: the profile must be a mapping such as `name: My business`")
    try:
        profile = TenantProfile.model_validate(content)
        check_bucket_counts(profile)
    except ValidationError as error:
        # A list with invalid items is also reported as too short, but the owner can only correct the items.
        all_problems = error.errors(include_input=False, include_url=False)
        problems = [problem for problem in all_problems if problem["type"] != "too_short"] or all_problems
        raise ConfigurationError(
            "; ".join(
                f"line {_find_line(tree, problem['loc'])}: {_format_path(problem['loc'])}: {_describe_reason(problem)}"
                for problem in problems[:10]
            )
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"line {_find_line(tree, ('services',))}: {error}") from None
    return profile


def _refuse_merges(tree: yaml.Node | None) -> None:
    """Refuse `<<`: the parser copies the merged mapping, so a few lines could fill the memory.

    References (`*name`) are allowed: their target is shared, not copied, and the length of the lists bounds how often
    it is checked.
    """
    seen: set[int] = set()
    waiting = [tree] if tree else []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.tag == _MERGE:
                    raise ConfigurationError(f"line {key.start_mark.line + 1}: write the fields out instead of `<<`")
                waiting += (key, value)


def _format_path(location: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in location if part != _KEY) or "profile"


def _describe_reason(problem: ErrorDetails) -> str:
    reason = describe_problem(problem)
    return reason[:1].lower() + reason[1:]


def _find_line(tree: yaml.Node | None, location: Sequence[str | int]) -> int:
    """Return the line of the deepest part of the location that the text has."""
    node, line = tree, 1
    for part in location:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    child, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            line = child.start_mark.line + 1
        if child is None:
            return line
        node = child
    return line
