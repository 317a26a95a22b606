"""What this environment remembers of the present minute: budgets, refused sessions, and what it still has to count."""

from collections import Counter, OrderedDict
from typing import Generic, TypeVar

from api_gateway_ws.limits.budgets import Budget
from api_gateway_ws.limits.session_windows import MINUTE_MS
from shared.tenants.rate_limits import RateKind, Scope

MAX_KEPT = 20_000
"""Entries of each kind; about 5 MB. An attacker with more networks than that still meets their wider rings."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Recent(Generic[KeyT, ValueT]):
    """The entries that were used last, up to `MAX_KEPT`."""

    def __init__(self) -> None:
        self._entries: OrderedDict[KeyT, ValueT] = OrderedDict()

    def get(self, key: KeyT) -> ValueT | None:
        """Return an entry, and keep it for longer."""
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def put(self, key: KeyT, value: ValueT) -> ValueT:
        """Keep an entry, and return it."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > MAX_KEPT:
            self._entries.popitem(last=False)
        return value


class Minute:
    """The memory of one minute; the next one begins with nothing."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.refused_until: Recent[tuple[str, RateKind], int] = Recent()
        """Until when a session's frames of a kind are refused, in milliseconds since the epoch."""
        self.uncounted: Recent[str, Counter[RateKind]] = Recent()
        """Frames of a session that are not in its row: a lease was written for them instead."""
        self.pings: Recent[str, int] = Recent()
        self._budgets: Recent[tuple[str, RateKind], Budget] = Recent()

    @property
    def ends_at(self) -> int:
        """Return its end in milliseconds since the epoch."""
        return (self.number + 1) * MINUTE_MS

    def find_budget(self, scope: Scope, key: str, kind: RateKind, limit: int) -> Budget:
        """Return a budget with its present limit."""
        budget = self._budgets.get((key, kind)) or self._budgets.put((key, kind), Budget(scope, key, kind, limit))
        budget.limit = limit
        return budget
