"""Budgets of addresses and businesses, of which this environment leases blocks and spends them in memory; pure.

Each environment may spend a little before it leases anything. Its first lease includes what it has spent by then. So
all environments together spend at most the budget, and that little more for each environment that has not leased.

Of what becomes work for the pools, a quarter of a minute's budget may be leased within ten seconds. Otherwise a flood
could spend a minute's budget in a second, and everybody would wait behind it. Of this, an environment leases as much
again as it has spent: whole blocks of environments that have just started would use it up before anything is spent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api_gateway_ws.limits.ports import Use
from api_gateway_ws.limits.session_windows import BURST_MS, MINUTE_MS
from shared.tenants.rate_limits import RateKind, Scope

_SHARES = 24
"""Into how many blocks a budget is divided."""
MIN_BLOCK = 10
"""A lone visitor spends less a minute, so no lease is needed; and more than all budgets of a frame, see `overdraft`."""
QUEUED: frozenset[RateKind] = frozenset({"chats", "queries", "commands"})
"""The kinds that a worker processes."""
_BURST_PARTS = 4
_MIN_BURST = 30
"""A first lease of what was spent and of a block, and another block."""
LEASED = "leased"
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
        """Return how much to lease: what was spent already, and another block, or less of what is queued."""
        ahead = min(self.block, max(MIN_BLOCK, self.spent)) if self.kind in QUEUED else self.block
        return self.spent - self.leased + ahead

    def list_uses(self, now_ms: int) -> list[Use]:
        """Return what a lease counts: in the minute, and of what is queued in its ten seconds, too."""
        uses = [Use(LEASED, self.wanted, self.limit)]
        if self.kind in QUEUED:
            number = now_ms % MINUTE_MS // BURST_MS
            burst = min(self.limit, max(self.limit // _BURST_PARTS, _MIN_BURST))
            uses.append(Use(f"{LEASED}_{number}", self.wanted, burst))
        return uses

    def note_used_up(self, counts: Mapping[str, int], now_ms: int) -> None:
        """Note that the counts of the row refuse a lease: nothing is left of this minute, or of these ten seconds."""
        is_of_minute = counts.get(LEASED, 0) + self.wanted > self.limit
        part_ms = MINUTE_MS if is_of_minute else BURST_MS
        self.used_up_until = (now_ms // part_ms + 1) * part_ms

    @property
    def is_flooded(self) -> bool:
        """Return whether so much came after its end that it is no crowd of visitors any more."""
        return self.refusals >= max(_MIN_FLOOD, self.limit // _FLOOD_SHARE)
