"""Metrics in CloudWatch's embedded format: log lines from which CloudWatch extracts metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
from typing import TextIO

from shared.clock import Clock
from shared.instants import to_milliseconds

NAMESPACE = "StrideChat"
"""The namespace of a deployment that names no other."""


class EmfMetrics:
    """Writes one JSON line per metric to standard output."""

    def __init__(self, *, clock: Clock, namespace: str = NAMESPACE, stream: TextIO = sys.stdout) -> None:
        self._clock = clock
        self._namespace = namespace
        self._stream = stream

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count an event."""
        self._write_metric(name, value, "Count", dimensions)

    def record_milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record durations; CloudWatch accepts up to 100 values in one line."""
        rounded = [round(value, 1) for value in values]
        self._write_metric(name, rounded if len(rounded) > 1 else rounded[0], "Milliseconds", dimensions)

    def record_nano_dollars(self, name: str, value: int, **dimensions: str) -> None:
        """Record an amount of money; CloudWatch has no unit for it, so the metric's name says it."""
        self._write_metric(name, value, "None", dimensions)

    def _write_metric(self, name: str, value: float | list[float], unit: str, dimensions: dict[str, str]) -> None:
        directive = {
            "Namespace": self._namespace,
            # One set only: CloudWatch bills each set of dimensions as a metric of its own. The metrics of the
            # predecessor's dashboards have none (https://aws.amazon.com/cloudwatch/pricing/).
            "Dimensions": [sorted(dimensions)],
            "Metrics": [{"Name": name, "Unit": unit}],
        }
        line = {
            "_aws": {"Timestamp": to_milliseconds(self._clock.now()), "CloudWatchMetrics": [directive]},
            name: value,
            **dimensions,
        }
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()
