"""The circuit breaker: something that fails again and again is not called for a while.

Without it, a dependency that is down would cost every visitor its time limit. The state is this process's own, and all
times are those of one monotonic clock, in seconds. It is used from one thread.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class CircuitState(StrEnum):
    """`closed` lets calls through, `open` none, `half_open` one, which tries whether the dependency is back."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a circuit opens, and for how long."""

    failures: int = 3
    """As many of the last calls must have failed, whoever made them."""

    calls: int = 3
    """How many calls count as the last ones; with as many as `failures`, these fail in a row."""

    window_seconds: float = 60.0
    """Older calls say nothing about the dependency."""

    open_seconds: float = 5.0
    """How long nothing is called then; after that, one call tries it while all others still avoid it."""

    probe_seconds: float = 60.0
    """When a trial call that never reported counts as lost: longer than any call takes."""


@dataclass(frozen=True, slots=True)
class CircuitChange:
    """The new state of a circuit, and whether the one before was `closed`."""

    key: str
    state: CircuitState
    was_closed: bool = False


@dataclass(slots=True)
class _Circuit:
    outcomes: deque[tuple[float, bool]]
    """When each of the last calls ended, and whether it failed."""

    state: CircuitState = CircuitState.CLOSED
    closed_from: float = 0.0
    """When the next call may be made."""

    kept_away_until: float = 0.0
    """Until when the dependency itself has asked not to be called."""


class CircuitBreaker:
    """The circuits of one dependency by key, such as a model's id or a calendar's."""

    def __init__(
        self, policy: BreakerPolicy | None = None, on_change: Callable[[CircuitChange], None] | None = None
    ) -> None:
        self._policy = policy or BreakerPolicy()
        self._on_change = on_change
        self._circuits: dict[str, _Circuit] = {}

    def compute_wait_seconds(self, key: str, now: float) -> float:
        """Return how long nothing is called from now on; 0 if a call may be made."""
        circuit = self._circuits.get(key)
        return max(0.0, circuit.closed_from - now, circuit.kept_away_until - now) if circuit else 0.0

    def find_state(self, key: str) -> CircuitState:
        """Return the state; a circuit that may be tried again stays `open` until somebody does."""
        circuit = self._circuits.get(key)
        return circuit.state if circuit else CircuitState.CLOSED

    def begin_call(self, key: str, now: float) -> None:
        """Note a call; the first one to a dependency that was not called for a while keeps the others away."""
        circuit = self._circuits.get(key)
        if circuit and circuit.state is not CircuitState.CLOSED:
            circuit.closed_from = now + self._policy.probe_seconds
            self._enter(key, circuit, CircuitState.HALF_OPEN)

    def record_success(self, key: str, now: float) -> None:
        """Close the circuit: the dependency answers, whenever the call began."""
        circuit = self._circuits.get(key)
        if circuit is None:
            return
        if circuit.state is not CircuitState.CLOSED:
            circuit.outcomes.clear()
            self._enter(key, circuit, CircuitState.CLOSED)
        circuit.closed_from = circuit.kept_away_until = 0.0
        circuit.outcomes.append((now, False))
        if not any(has_failed for _, has_failed in circuit.outcomes):
            del self._circuits[key]

    def record_failure(self, key: str, now: float) -> None:
        """Count a call that failed, and open the circuit if there were enough of them."""
        circuit = self._require_circuit(key)
        circuit.outcomes.append((now, True))
        oldest = now - self._policy.window_seconds
        failures = sum(has_failed and ended >= oldest for ended, has_failed in circuit.outcomes)
        if circuit.state is CircuitState.OPEN:
            return  # It began before: what hung since then must not keep the others away any longer.
        if circuit.state is CircuitState.HALF_OPEN or failures >= self._policy.failures:
            circuit.closed_from = now + self._policy.open_seconds
            self._enter(key, circuit, CircuitState.OPEN)

    def abandon_call(self, key: str, now: float) -> None:
        """End a call that says nothing about its dependency, such as one that its visitor stopped."""
        circuit = self._circuits.get(key)
        if circuit and circuit.state is CircuitState.HALF_OPEN:
            circuit.closed_from = now
            self._enter(key, circuit, CircuitState.OPEN)

    def keep_away(self, key: str, until: float) -> None:
        """Call nothing until then, because the dependency has asked for it (`Retry-After`); it is not broken."""
        circuit = self._require_circuit(key)
        circuit.kept_away_until = max(circuit.kept_away_until, until)

    def _require_circuit(self, key: str) -> _Circuit:
        return self._circuits.setdefault(key, _Circuit(deque(maxlen=self._policy.calls)))

    def _enter(self, key: str, circuit: _Circuit, state: CircuitState) -> None:
        before, circuit.state = circuit.state, state
        if before is not state and self._on_change:
            self._on_change(CircuitChange(key, state, was_closed=before is CircuitState.CLOSED))
