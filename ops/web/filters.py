"""Converts the query of an address to a filter of failures, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from shared.ledger.failures import QUEUES, FailureFilter, FailureState
from shared.ledger.rules import OPEN

OPEN_STATES = "open"
"""The value of `state` for all failures that need action."""

AGES = {f"{hours}h": timedelta(hours=hours) for hours in (1, 24, 48)} | {
    f"{days}d": timedelta(days=days) for days in (7, 30)
}
_MAX_TEXT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class FilterForm:
    """The fields of the filter form; an empty field matches everything."""

    state: str = ""
    queue: str = ""
    tenant: str = ""
    reason: str = ""
    age: str = ""
    text: str = ""

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "FilterForm":
        """Return the fields of a query; invalid values are ignored, and without a state open failures are meant."""
        states = {OPEN_STATES, "any", *FailureState}
        state = query.get("state", OPEN_STATES)
        return cls(
            state=state if state in states else OPEN_STATES,
            queue=_parse_choice(QUEUES, query.get("queue")),
            tenant=_clean_text(query.get("tenant")),
            reason=_clean_text(query.get("reason")),
            age=_parse_choice(tuple(AGES), query.get("age")),
            text=_clean_text(query.get("text")),
        )

    def build_filter(self, now: datetime) -> FailureFilter:
        """Return the filter for the ledger."""
        return FailureFilter(
            queue=self.queue or None,
            tenants=[self.tenant] if self.tenant else None,
            states=self._list_states(),
            reason=self.reason or None,
            since=now - AGES[self.age] if self.age else None,
            text=self.text or None,
        )

    def build_query(self, **changes: str) -> str:
        """Return the query of this form as part of an address, with some fields changed."""
        fields = {name: getattr(self, name) for name in ("state", "queue", "tenant", "reason", "age", "text")} | changes
        non_default = {
            name: value for name, value in fields.items() if value and (name, value) != ("state", OPEN_STATES)
        }
        return f"?{urlencode(non_default)}" if non_default else ""

    @property
    def is_narrowed(self) -> bool:
        """Return whether any field differs from the default."""
        return self != FilterForm(state=OPEN_STATES)

    def _list_states(self) -> list[FailureState] | None:
        if self.state == "any":
            return None
        return sorted(OPEN) if self.state == OPEN_STATES else [FailureState(self.state)]


def _parse_choice(choices: tuple[str, ...], value: str | None) -> str:
    return value if value in choices else ""


def _clean_text(value: str | None) -> str:
    text = " ".join((value or "").split())[:_MAX_TEXT_CHARACTERS]
    return text if text.isprintable() else ""
