"""From a message body to a typed command, or the reason why it can't be read."""

import json
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.messages.commands import ENVELOPE_VERSION

M = TypeVar("M")


class UndecodableError(Exception):
    """The body is no message that we know; `reason` is a short static word for the ledger."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Decoder(Generic[M]):
    """Reads the messages of one queue."""

    def __init__(self, adapter: TypeAdapter[M]) -> None:
        self._adapter = adapter

    def decode(self, body: str) -> M:
        """Return the message.

        Raises:
            UndecodableError: `not_json`, `newer_version`, `unknown_type` or `invalid`. Its text names the
                fields that are wrong, never their values: it ends up in logs and attributes.
        """
        try:
            return self._adapter.validate_json(body)
        except ValidationError as error:
            raise self._explain(body, error) from None

    def _explain(self, body: str, error: ValidationError) -> UndecodableError:
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return UndecodableError("not_json", "the body is not JSON")
        if not isinstance(content, dict):
            return UndecodableError("not_json", "the body is not a JSON object")
        version = content.get("version")
        if isinstance(version, int) and version > ENVELOPE_VERSION:
            return UndecodableError("newer_version", f"envelope version {version} is newer than {ENVELOPE_VERSION}")
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        if any(problem["type"].startswith("union_tag") for problem in problems):
            return UndecodableError("unknown_type", "the message's type is not one of this queue")
        fields = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}" for problem in problems[:5]
        )
        return UndecodableError("invalid", fields)
