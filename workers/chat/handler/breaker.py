"""A circuit breaker for each model: a model that fails again and again is not called for a while.

Without it, a model that is down would cost every visitor its time-outs before the second one is asked. Only failures
that cost time count: a throttled call is answered at once. The state is this process's own.
"""

from dataclasses import dataclass

FAILURES_TO_OPEN = 3
"""As many calls in a row must have failed, of any visitors."""

OPEN_SECONDS = 20.0
"""How long a model is not called then; after that, one call tries it while all others still avoid it."""

PROBE_SECONDS = 60.0
"""When a trial call that never reported counts as lost: longer than any call takes."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    closed_from: float = 0.0
    """When the next call may be made."""


class CircuitBreaker:
    """The circuits by model; times are seconds of the event loop."""

    def __init__(self) -> None:
        self._circuits: dict[str, _Circuit] = {}

    def compute_wait_seconds(self, model_id: str, now: float) -> float:
        """Return how long the model is not called from now on; 0 if it may be called."""
        circuit = self._circuits.get(model_id)
        return max(0.0, circuit.closed_from - now) if circuit else 0.0

    def begin_call(self, model_id: str, now: float) -> None:
        """Note a call; the first one to a model that was not called for a while keeps the others away until it ends."""
        circuit = self._circuits.get(model_id)
        if circuit and circuit.failures >= FAILURES_TO_OPEN:
            circuit.closed_from = now + PROBE_SECONDS

    def record_success(self, model_id: str) -> None:
        """Close the circuit: the model answers."""
        self._circuits.pop(model_id, None)

    def record_failure(self, model_id: str, now: float) -> None:
        """Count a call that failed, and open the circuit if there were enough of them."""
        circuit = self._circuits.setdefault(model_id, _Circuit())
        circuit.failures += 1
        if circuit.failures >= FAILURES_TO_OPEN:
            circuit.closed_from = now + OPEN_SECONDS

    def abandon_call(self, model_id: str, now: float) -> None:
        """End a call that says nothing about its model, such as one that its visitor stopped."""
        circuit = self._circuits.get(model_id)
        if circuit and circuit.failures >= FAILURES_TO_OPEN:
            circuit.closed_from = now

    def keep_away(self, model_id: str, until: float) -> None:
        """Open the circuit until then, because the model has asked for it (`Retry-After`)."""
        circuit = self._circuits.setdefault(model_id, _Circuit())
        circuit.closed_from = max(circuit.closed_from, until)
