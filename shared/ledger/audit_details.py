"""What an entry of a failure's audit trail says beside its action. `str(detail)` is the note that operators read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplayNumber:
    """Which replay it was, from 1."""

    number: int

    def __str__(self) -> str:
        return f"replay {self.number}"


@dataclass(frozen=True, slots=True)
class NotSent:
    """A replay that its queue refused, and why."""

    reason: str

    def __str__(self) -> str:
        return f"not sent: {self.reason}"


@dataclass(frozen=True, slots=True)
class EditedFields:
    """The names of what was edited, never what it says."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.names)


AuditDetail = str | ReplayNumber | NotSent | EditedFields
"""A plain text is what the action makes of it: the reason of a failure, the code of a refusal, an operator's words."""
