"""The faults that a test requests: kind, number of calls, and after how many deltas of an answer."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.local.bedrock.errors import (
    STATUS,
    BedrockError,
    build_internal_error,
    build_model_stream_error,
    build_throttling_error,
)
from infra.local.bedrock.reply import Step

Kind = Literal["throttle", "stall", "cut", "error", "slow", "silent", "intervene"]


class Fault(BaseModel):
    """One rule, which affects `times` calls (null: every call from now on).

    `throttle` and `error` refuse the call, or end the stream if `after_deltas` is set. `stall` sends
    nothing for `seconds`, `cut` closes the connection, `slow` waits `seconds` before every delta; these
    three start after `after_deltas` deltas (by default before the first). `silent` sends nothing for `seconds`, not
    even the headers. `intervene` lets the guardrail of the request block the visitor's message, or the answer after
    `after_deltas` deltas; a request without a guardrail is answered. An `error` can have the `code` of any error of the
    service, a refusal the header `Retry-After`.
    With `message` only calls whose last message of the user contains that text are affected.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    times: int | None = Field(default=1, ge=1)
    message: str = ""
    after_deltas: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=1.0, ge=0)
    code: str | None = None
    retry_after_seconds: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _check_code(self) -> Self:
        if self.code is not None and (self.kind != "error" or self.code not in STATUS):
            raise ValueError(f"only an error has a code, one of {', '.join(sorted(STATUS))}")
        return self

    def build_error(self) -> BedrockError:
        """Return the error with which a `throttle` or an `error` refuses the call, or ends its stream."""
        if self.code is not None:
            error = BedrockError(self.code, "A fault that was requested.")
        elif self.kind == "throttle":
            error = build_throttling_error()
        else:
            error = build_internal_error() if self.refuses else build_model_stream_error()
        error.retry_after_seconds = self.retry_after_seconds
        return error

    @property
    def refuses(self) -> bool:
        """Return whether the call is answered with an error status instead of a stream."""
        return self.kind in ("throttle", "error") and self.after_deltas is None

    def is_due(self, step: Step, deltas_sent: int) -> bool:
        """Return whether the fault is applied before this step; in an answer that is too short, at its end."""
        return step.is_end or (step.is_delta and deltas_sent >= (self.after_deltas or 0))


class Faults:
    """The pending rules; the first one that is for a call affects it."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.fired = 0

    def add(self, fault: Fault) -> None:
        """Add a rule after the others."""
        self.rules.append(fault.model_copy())

    def take_next(self, message: str = "") -> Fault | None:
        """Return the fault of the next call, which has this last message, and count it as used."""
        rule = next((rule for rule in self.rules if rule.message in message), None)
        if rule is None:
            return None
        self.fired += 1
        if rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self.rules.remove(rule)
        return rule

    def clear(self) -> None:
        """Remove every rule."""
        self.rules.clear()
        self.fired = 0
