"""Faults on demand: which calls fail, how often, and how."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["throttle", "error500", "silent", "reset", "fail_entries", "latency"]


@dataclass(slots=True)
class Rule:
    """A fault and the calls that it affects."""

    kind: Kind
    action: str = "*"
    """An action of SQS; `*` stands for all."""
    every: int = 1
    """It affects the first call of each action, and then every n-th; for `fail_entries`, entries are counted."""
    probability: float = 1.0
    """The probability that a call is affected, for soak tests with random faults."""
    milliseconds: float = 0
    times: int | None = None
    """How many calls it affects in all; None is unlimited."""
    applied: bool = False
    """Whether the call is carried out first, so that only its answer is lost."""

    @classmethod
    def parse(cls, order: Mapping[str, Any]) -> "Rule":
        """Parse a rule; raise ValueError with the reason if it is not valid."""
        unknown = order.keys() - set(cls.__slots__)
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        rule = cls(**order)
        if rule.kind not in get_args(Kind):
            raise ValueError(f"kind is one of {', '.join(get_args(Kind))}, not {rule.kind!r}")
        if not 0 <= rule.probability <= 1:
            raise ValueError("probability is a number from 0 to 1")
        if rule.every < 1:
            raise ValueError("every is a whole number from 1 on")
        if rule.milliseconds < 0 or (rule.kind == "latency" and not rule.milliseconds):
            raise ValueError("latency needs milliseconds, a number above 0")
        if rule.times is not None and rule.times < 1:
            raise ValueError("times is a whole number from 1 on")
        return rule


class Faults:
    """The active rules."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._rules: list[Rule] = []
        self._seen: Counter[tuple[int, str]] = Counter()

    @property
    def rules(self) -> list[Rule]:
        """The active rules, without those that have reached their `times`."""
        return self._rules

    @rules.setter
    def rules(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._seen.clear()

    def take(self, action: str) -> Rule | None:
        """Return the first rule that affects this call; a rule for entries is returned before any entry is checked."""
        for rule in self._rules:
            if rule.action not in {"*", action}:
                continue
            if rule.kind == "fail_entries":
                if action.endswith("Batch"):
                    return rule
            elif self.strikes(rule, action):
                return rule
        return None

    def strikes(self, rule: Rule, action: str) -> bool:
        """Return whether the rule affects one call or entry, and count that against the rule's `times`."""
        if rule not in self._rules or not self._is_next(rule, action) or self._random.random() >= rule.probability:
            return False
        if rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self._rules.remove(rule)
        return True

    def _is_next(self, rule: Rule, action: str) -> bool:
        """Return whether this call is the first or an n-th one; calls are counted for each action."""
        counted = id(rule), action
        self._seen[counted] += 1
        return self._seen[counted] % rule.every == 1 % rule.every
