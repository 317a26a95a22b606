"""Pure: which failures an address asks for, and the address that asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from shared.ledger.failures import QUEUES, FailureFilter, FailureState
from shared.ledger.rules import OPEN

WAITING = "open"
"""What waits for somebody to do something."""

AGES = {f"{hours}h": timedelta(hours=hours) for hours in (1, 24, 48)} | {
    f"{days}d": timedelta(days=days) for days in (7, 30)
}
_MAX_TEXT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fields of the filter as the page shows them; empty is anything."""

    state: str = ""
    queue: str = ""
    tenant: str = ""
    reason: str = ""
    age: str = ""
    text: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Wanted":
        """Return what was asked for; what makes no sense is left out. Nothing asked is what is open."""
        states = {WAITING, "any", *FailureState}
        state = given.get("state", WAITING)
        return cls(
            state=state if state in states else WAITING,
            queue=_one_of(QUEUES, given.get("queue")),
            tenant=_text(given.get("tenant")),
            reason=_text(given.get("reason")),
            age=_one_of(tuple(AGES), given.get("age")),
            text=_text(given.get("text")),
        )

    def filter(self, now: datetime) -> FailureFilter:
        """Return what the ledger is asked."""
        return FailureFilter(
            queue=self.queue or None,
            tenants=[self.tenant] if self.tenant else None,
            states=self._states(),
            reason=self.reason or None,
            since=now - AGES[self.age] if self.age else None,
            text=self.text or None,
        )

    def query(self, **changes: str) -> str:
        """Return the query of the address that asks for this, with some of it changed."""
        fields = {name: getattr(self, name) for name in ("state", "queue", "tenant", "reason", "age", "text")} | changes
        given = {name: value for name, value in fields.items() if value and (name, value) != ("state", WAITING)}
        return f"?{urlencode(given)}" if given else ""

    @property
    def is_narrowed(self) -> bool:
        """Whether there is something to clear."""
        return self != Wanted(state=WAITING)

    def _states(self) -> list[FailureState] | None:
        if self.state == "any":
            return None
        return sorted(OPEN) if self.state == WAITING else [FailureState(self.state)]


def _one_of(known: tuple[str, ...], given: str | None) -> str:
    return given if given in known else ""


def _text(given: str | None) -> str:
    text = " ".join((given or "").split())[:_MAX_TEXT_CHARACTERS]
    return text if text.isprintable() else ""
