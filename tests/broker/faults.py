"""Faults on demand: which calls go wrong, how often, and in what way."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["throttle", "error500", "silent", "reset", "fail_entries", "latency"]


@dataclass(slots=True)
class Rule:
    """One way to misbehave."""

    kind: Kind
    action: str = "*"
    """An action of SQS; `*` is every one."""
    every: int = 1
    """It strikes the first call of each action, and then every n-th; for `fail_entries`, entries are counted."""
    probability: float = 1.0
    """Of striking, instead of counting: for soak tests, which draw."""
    milliseconds: float = 0
    times: int | None = None
    """How often it strikes in all; None is without end."""
    applied: bool = False
    """Whether the call is carried out first, so that only its answer is lost."""

    @classmethod
    def parsed(cls, order: Mapping[str, Any]) -> "Rule":
        """Read an order; raise ValueError that says what is wrong with it."""
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
    """The rules in force."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._rules: list[Rule] = []
        self._seen: Counter[tuple[int, str]] = Counter()

    @property
    def rules(self) -> list[Rule]:
        """The rules in force; those that have struck as often as they may are gone."""
        return self._rules

    @rules.setter
    def rules(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._seen.clear()

    def take(self, action: str) -> Rule | None:
        """Return the first rule that strikes this call; one for entries is returned before any entry is looked at."""
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
        """Decide about one call or entry, and count a strike against the rule's times."""
        if rule not in self._rules or not self._is_next(rule, action) or self._random.random() >= rule.probability:
            return False
        if rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self._rules.remove(rule)
        return True

    def _is_next(self, rule: Rule, action: str) -> bool:
        """Whether it is this one's turn: the first and then every n-th, counted for each action of its own."""
        counted = id(rule), action
        self._seen[counted] += 1
        return self._seen[counted] % rule.every == 1 % rule.every
