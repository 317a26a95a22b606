"""Budgets of addresses and businesses, of which this environment leases blocks and spends them in memory; pure.

Each environment may spend a first block before it leases any. Its first lease includes what it has spent by then. So
all environments together spend at most the budget, and a block more for each environment that has not leased.
"""

from dataclasses import dataclass

from shared.tenants.rate_limits import RateKind, Scope

_SHARES = 24
"""Into how many blocks a budget is divided."""
MAX_LEASES = 26
"""More blocks no budget has, as they are rounded down. A row is written at most so often, and by each environment once
more, which learns that nothing is left."""
MIN_BLOCK = 10
"""A lone visitor spends less a minute, so no lease is needed; and more than all budgets of a frame, see `overdraft`."""
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
    is_used_up: bool = False
    """Whether nothing is left of it."""
    refusals: int = 0
    """How often this environment has refused something because it was used up."""

    @property
    def block(self) -> int:
        """Return how much is leased at once."""
        return min(self.limit, max(MIN_BLOCK, self.limit // _SHARES))

    @property
    def overdraft(self) -> int:
        """Return by how much more was spent than leased; from 0 on, a lease is due.

        A frame takes one lease, that of its budget with the largest overdraft; the others wait for the next frame. A
        frame has at most eight budgets, fewer than a block, so each waits for at most seven frames.
        """
        return self.spent - max(self.block, self.leased)

    @property
    def wanted(self) -> int:
        """Return how much to lease: what was spent already, and another block."""
        return self.spent - self.leased + self.block

    @property
    def is_flooded(self) -> bool:
        """Return whether so much came after its end that it is no crowd of visitors any more."""
        return self.refusals >= max(_MIN_FLOOD, self.limit // _FLOOD_SHARE)
