"""Parses the text of a `profile.yaml` to a checked profile, or reports the line and the reason of each error."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import ConfigurationError
from shared.tenants.grid import check_bucket_counts
from shared.tenants.profile import TenantProfile
from shared.tenants.yaml_tree import find_position, read_tree

if TYPE_CHECKING:
    import yaml

MAX_PROFILE_BYTES = 256 * 1024
_KEY = "[key]"
"""What pydantic adds to the location of an invalid key."""


class InvalidProfileError(ConfigurationError):
    """A profile is refused, each of its problems being one sentence."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def parse_profile(text: str) -> TenantProfile:
    """Return the profile; raise `ConfigurationError` as `parse_with_tree` does."""
    return parse_with_tree(text)[0]


def parse_with_tree(text: str) -> "tuple[TenantProfile, yaml.Node | None]":
    """Return the profile, and the nodes of the text with their lines.

    Raises:
        ConfigurationError: one sentence per problem, each with its line, such as
            `line 12: services.0.duration_minutes: must be a multiple of 5 minutes`.
    """
    if len(text.encode()) > MAX_PROFILE_BYTES:
        raise ConfigurationError(f"the profile is larger than {MAX_PROFILE_BYTES // 1024} KB")
    tree, content = read_tree(text)
    if not isinstance(content, dict):
        empty = "" if text.strip() else ", and the file is empty"
        raise ConfigurationError(f"line 1: the profile must be a mapping such as `name: My business`{empty}")
    try:
        profile = TenantProfile.model_validate(content)
        check_bucket_counts(profile)
    except ValidationError as error:
        # A list with invalid items is also reported as too short, but the owner can only correct the items.
        all_problems = error.errors(include_input=False, include_url=False)
        problems = [problem for problem in all_problems if problem["type"] != "too_short"] or all_problems
        raise InvalidProfileError([_describe(tree, problem) for problem in problems[:10]]) from None
    except ValueError as error:
        raise ConfigurationError(f"line {find_position(tree, ('services',)).line}: {error}") from None
    return profile, tree


def _describe(tree: "yaml.Node | None", problem: ErrorDetails) -> str:
    # Reached only by a wrong profile: a start must not pay for it.
    from shared.tenants.explanations import explain_problem  # noqa: PLC0415

    position = find_position(tree, [part for part in problem["loc"] if part != _KEY])
    key = position.path.rpartition(".")[2]
    reason = explain_problem(problem, position.node, key)
    return f"line {position.line}: {position.path or 'profile'}: {reason}"
