"""Which model the next call of an answer goes to, and how long it waits."""

from shared.circuits.breaker import CircuitBreaker


class ModelChoice:
    """The models that may answer one command: that of the business first, then the second one."""

    def __init__(self, first: str, second: str | None, breaker: CircuitBreaker) -> None:
        self.first = first
        self._not_before: dict[str, float] = dict.fromkeys(filter(None, (first, second)), 0.0)
        self._breaker = breaker

    def choose_model(self, now: float) -> tuple[str, float] | None:
        """Return the model that can be called soonest and the seconds until then; None if there is no model left."""
        waits = {
            model_id: max(0.0, at - now)
            for model_id, at in self._not_before.items()
            if not self._breaker.compute_wait_seconds(model_id, now)
        }
        return min(waits.items(), key=lambda item: item[1]) if waits else None

    def compute_wait_seconds(self, now: float) -> float:
        """Return how long the circuit breaker keeps every model from being called; 0 if one may be called."""
        return min(self._breaker.compute_wait_seconds(model_id, now) for model_id in self._not_before)

    @property
    def has_models(self) -> bool:
        """Whether a model is left that has not refused the request."""
        return bool(self._not_before)

    def postpone(self, model_id: str, until: float) -> None:
        """Call the model again from then on."""
        self._not_before[model_id] = until

    def exclude(self, model_id: str) -> None:
        """Do not call the model again for this command."""
        self._not_before.pop(model_id, None)
