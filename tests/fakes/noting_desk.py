"""A desk that records the rate of bulk replays and does not wait for it."""

from collections.abc import Sequence
from typing import Any

from ops.desk.desk import Desk
from ops.desk.domain.values import Operator, Tally
from shared.ledger.failures import FailureFilter

_QUICK = 10_000.0


class NotingDesk(Desk):
    """A desk whose bulk replays are fast, so that no test has to measure time."""

    def __init__(self, **ports: Any) -> None:
        super().__init__(**ports)
        self.rates: list[float] = []

    async def replay_failures(
        self, operator: Operator, selection: FailureFilter | Sequence[str], *, per_second: float = 50, **more: Any
    ) -> Tally:
        """Record the rate, and replay as fast as possible."""
        self.rates.append(per_second)
        return await super().replay_failures(operator, selection, per_second=_QUICK, **more)
