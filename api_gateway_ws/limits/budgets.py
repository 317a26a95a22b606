"""Budgets of addresses and businesses, of which this environment leases blocks and spends them in memory; pure.

Each environment may spend a little before it leases anything. Its first lease includes what it has spent by then. So
all environments together spend at most the budget, and that little more for each environment that has not leased.

What becomes work for the pools is leased over the minute: two sevenths at once, and one more with each ten seconds.
Otherwise a flood could spend a minute's budget in a second, and everybody would wait behind it.
"""

from dataclasses import dataclass

from api_gateway_ws.limits.session_windows import BURST_MS, MINUTE_MS
from shared.tenants.rate_limits import RateKind, Scope

_SHARES = 24
"""Into how many blocks a budget is divided."""
MAX_LEASES = 26
"""More blocks no budget has, as they are rounded down. A row is written at most so often a minute, and by each
environment once more in ten seconds, which learns that nothing is left."""
MIN_BLOCK = 10
"""A lone visitor spends less a minute, so no lease is needed; and more than all budgets of a frame, see `overdraft`."""
QUEUED: frozenset[RateKind] = frozenset({"chats", "queries", "commands"})
"""The kinds that a worker processes."""
_PARTS, _PARTS_AT_ONCE = 7, 2
_MIN_FLOOD = 20
_FLOOD_SHARE = 4


@dataclass(slots=True)
class Budget:
    """What one address or business may spend of one kind in a minute, as this environment knows it."""

    scope: Scope
    key: str
    """The network with its business, or the business; it is not stored like this."""
    kind: RateKind
    limit: int
    leased: int = 0
    spent: int = 0
    used_up_until: int = 0
    """Until when nothing is left of it, in milliseconds since the epoch."""
    refusals: int = 0
    """How often this environment has refused something because it was used up."""

    @property
    def block(self) -> int:
        """Return how much is leased at once."""
        return min(self.limit, max(MIN_BLOCK, self.limit // _SHARES))

    @property
    def unleased(self) -> int:
        """Return how much this environment may spend before it leases anything."""
        return min(self.block, MIN_BLOCK) if self.kind in QUEUED else self.block

    @property
    def overdraft(self) -> int:
        """Return by how much more was spent than leased, or than needs no lease; from 0 on, a lease is due.

        A frame takes one lease, that of its budget with the largest overdraft; the others wait for the next frame. A
        frame has at most eight budgets, fewer than a block, so each waits for at most seven frames.
        """
        return self.spent - max(self.unleased, self.leased)

    @property
    def wanted(self) -> int:
        """Return how much to lease: what was spent already, and another block."""
        return self.spent - self.leased + self.block

    def compute_leasable(self, now_ms: int) -> int:
        """Return how much of it all environments together may have leased by now."""
        if self.kind not in QUEUED:
            return self.limit
        parts = _PARTS_AT_ONCE + now_ms % MINUTE_MS // BURST_MS
        return -(-self.limit * parts // _PARTS)

    def note_used_up(self, now_ms: int) -> None:
        """Note that nothing is left until more may be leased, or until the minute ends."""
        part_ms = BURST_MS if self.kind in QUEUED else MINUTE_MS
        self.used_up_until = (now_ms // part_ms + 1) * part_ms

    @property
    def is_flooded(self) -> bool:
        """Return whether so much came after its end that it is no crowd of visitors any more."""
        return self.refusals >= max(_MIN_FLOOD, self.limit // _FLOOD_SHARE)
