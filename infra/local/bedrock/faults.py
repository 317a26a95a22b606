"""The faults a test asks for: which kind, how often, and after how many deltas of an answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from infra.local.bedrock.reply import Step

Kind = Literal["throttle", "stall", "cut", "error", "slow"]


class Fault(BaseModel):
    """One rule: `times` calls suffer it (null: every call from now on).

    `throttle` and `error` refuse the call, or break the stream when `after_deltas` is set. `stall` says
    nothing for `seconds`, `cut` closes the connection, `slow` waits `seconds` before every delta; these
    three begin after `after_deltas` deltas (none if not set).
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    times: int | None = Field(default=1, ge=1)
    after_deltas: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=1.0, ge=0)

    @property
    def refuses(self) -> bool:
        """Whether the call is answered with an error status instead of a stream."""
        return self.kind in ("throttle", "error") and self.after_deltas is None

    def strikes(self, step: Step, deltas_sent: int) -> bool:
        """Whether the fault comes before this step; an answer that is too short suffers it at its end."""
        return step.is_end or (step.is_delta and deltas_sent >= (self.after_deltas or 0))


class Faults:
    """The rules in their order; a call takes the first that is left."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.fired = 0

    def add(self, fault: Fault) -> None:
        """Put a rule behind the others."""
        self.rules.append(fault.model_copy())

    def take(self) -> Fault | None:
        """Return the fault of the next call and count it as used."""
        if not self.rules:
            return None
        rule = self.rules[0]
        self.fired += 1
        if rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self.rules.pop(0)
        return rule

    def clear(self) -> None:
        """Forget every rule."""
        self.rules.clear()
        self.fired = 0
