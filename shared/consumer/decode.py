"""Decodes a message body to a typed message, or says why it is unreadable."""

import json
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from shared.dead_letter_reasons import DeadLetterReason
from shared.json_objects import parse_json_object
from shared.messages.commands import ENVELOPE_VERSION
from shared.messages.upgrades import UPGRADES, Upgrade

_UNKNOWN_TAG = frozenset({"union_tag_invalid", "union_tag_not_found"})
"""https://docs.pydantic.dev/latest/errors/validation_errors/#union_tag_invalid"""

M_co = TypeVar("M_co", covariant=True)


class UndecodableError(Exception):
    """The body is not a message of this queue."""

    def __init__(self, reason: DeadLetterReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Decoder(Generic[M_co]):
    """Reads the messages of one queue."""

    def __init__(
        self,
        adapter: TypeAdapter[M_co],
        *,
        version: int = ENVELOPE_VERSION,
        upgrades: Mapping[int, Upgrade] = UPGRADES,
    ) -> None:
        """Take the type of the messages, its version, and the upgrades from older versions."""
        self._adapter = adapter
        self._version = version
        self._upgrades = upgrades

    def decode(self, body: str) -> M_co:
        """Return the message; one of an older version is upgraded first, step by step.

        Raises:
            UndecodableError: `not_json`, `newer_version`, `older_version`, `unknown_type` or `invalid`. Its text names
                the fields that are wrong, never their values: it ends up in logs and attributes.
        """
        try:
            return self._adapter.validate_json(body)
        except ValidationError as error:
            problem = error
        # Only a message that does not validate is examined further: upgrades cost the usual message nothing.
        content = parse_json_object(body)
        if content is None:
            raise UndecodableError(DeadLetterReason.NOT_JSON, "the body is not a JSON object")
        version = content.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version == self._version:
            raise _explain_error(problem)
        if version > self._version:
            raise UndecodableError(
                DeadLetterReason.NEWER_VERSION, f"envelope version {version} is newer than {self._version}"
            )
        try:
            return self._adapter.validate_json(json.dumps(self._upgrade_content(content, version)))
        except ValidationError as error:
            raise _explain_error(error) from None

    def _upgrade_content(self, content: dict[str, Any], version: int) -> dict[str, Any]:
        while version < self._version:
            if version not in self._upgrades:
                raise UndecodableError(
                    DeadLetterReason.OLDER_VERSION, f"no upgrade from envelope version {version} to {self._version}"
                )
            try:
                content = self._upgrades[version](content)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                problem = f"upgrade from version {version}: {type(error).__name__}"
                raise UndecodableError(DeadLetterReason.INVALID, problem) from None
            version += 1
        return {**content, "version": version}


def _explain_error(error: ValidationError) -> UndecodableError:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    if any(problem["type"] in _UNKNOWN_TAG or _is_other_type(problem) for problem in problems):
        return UndecodableError(DeadLetterReason.UNKNOWN_TYPE, "the message's type is not one of this queue")
    fields = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}" for problem in problems[:5]
    )
    return UndecodableError(DeadLetterReason.INVALID, fields)


def _is_other_type(problem: ErrorDetails) -> bool:
    """Whether a queue with messages of one type, which needs no discriminator, has one of another type."""
    return problem["type"] == "literal_error" and problem["loc"] == ("type",)
