"""A desk that notes the pace at which many failures are replayed, and waits for none of it."""

from collections.abc import Sequence
from typing import Any

from ops.desk.desk import Desk
from ops.desk.domain.values import Operator, Tally
from shared.ledger.failures import FailureFilter

_QUICK = 10_000.0


class NotingDesk(Desk):
    """Does what a desk does; no test has to measure time."""

    def __init__(self, **roles: Any) -> None:
        super().__init__(**roles)
        self.paces: list[float] = []

    async def replay_many(
        self, operator: Operator, wanted: FailureFilter | Sequence[str], *, per_second: float = 50, **more: Any
    ) -> Tally:
        """Note the pace."""
        self.paces.append(per_second)
        return await super().replay_many(operator, wanted, per_second=_QUICK, **more)
