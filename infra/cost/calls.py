"""The table of counted calls, `calls.json`, which a test compares with a visit on the local stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("calls.json")

Amounts = Mapping[str, float]
"""Amounts by measure: `calls`, `read_units`, `write_units`, `log_bytes`."""


@dataclass(frozen=True)
class CallTable:
    """What each step of a visit calls, and the custom metrics that it publishes."""

    steps: Mapping[str, Mapping[str, Amounts]]
    metrics: tuple[str, ...]

    def write(self, path: Path = FILE) -> None:
        """Write the table, a call on a line; log bytes are rounded, because ids and times have no fixed length."""
        steps = []
        for step, calls in self.steps.items():
            rows = (f"      {json.dumps(call)}: {_write_amounts(amounts)}" for call, amounts in sorted(calls.items()))
            steps.append(f"    {json.dumps(step)}: {{\n" + ",\n".join(rows) + "\n    }")
        metrics = ",\n".join(f"    {json.dumps(name)}" for name in self.metrics)
        text = '{\n  "steps": {\n' + ",\n".join(steps) + '\n  },\n  "metrics": [\n' + metrics + "\n  ]\n}\n"
        path.write_text(text, encoding="utf-8")


def read_calls(path: Path = FILE) -> CallTable:
    """Read the table."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return CallTable(table["steps"], tuple(table["metrics"]))


def _write_amounts(amounts: Amounts) -> str:
    return json.dumps({measure: _round(measure, amount) for measure, amount in amounts.items()})


def _round(measure: str, amount: float) -> float:
    rounded = round(amount, -2) if measure == "log_bytes" else amount
    return int(rounded) if rounded == int(rounded) else rounded
