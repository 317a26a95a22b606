"""The attributes of a queue, as in CreateQueue and SetQueueAttributes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.broker.errors import SqsError, invalid_parameter

_DEFAULTS = {
    "VisibilityTimeout": "30",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "SqsManagedSseEnabled": "true",
}
_FIFO_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
_OTHERS = {
    "FifoQueue",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "Policy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
}
_MAX_VALUES = {"VisibilityTimeout": 43_200, "DelaySeconds": 900, "ReceiveMessageWaitTimeSeconds": 20}
"""The maximum value of each."""


@dataclass(slots=True)
class Settings:
    """The attributes, with parsed values of those that every call needs."""

    fifo: bool
    given: dict[str, str] = field(default_factory=dict)
    visibility_seconds: int = 30
    delay_seconds: int = 0
    wait_seconds: int = 0
    content_based: bool = False
    redrive_arn: str | None = None
    max_receives: int = 0

    def change(self, attributes: Mapping[str, str]) -> None:
        """Set new values; an empty RedrivePolicy removes it."""
        for name, value in attributes.items():
            self._check(name, value)
        self.given.update(attributes)
        every = self.all()
        self.visibility_seconds = int(every["VisibilityTimeout"])
        self.delay_seconds = int(every["DelaySeconds"])
        self.wait_seconds = int(every["ReceiveMessageWaitTimeSeconds"])
        self.content_based = every.get("ContentBasedDeduplication") == "true"
        self.redrive_arn, self.max_receives = _redrive(every.get("RedrivePolicy", ""))

    def all(self) -> dict[str, str]:
        """Return every attribute that is set or has a default."""
        return {**_DEFAULTS, **(_FIFO_DEFAULTS if self.fifo else {}), **self.given}

    def _check(self, name: str, value: str) -> None:
        if name not in {*_DEFAULTS, *_FIFO_DEFAULTS, *_OTHERS}:
            raise SqsError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if name in _FIFO_DEFAULTS and not self.fifo:
            raise SqsError("InvalidAttributeName", "You can specify it only for FIFO queues.")
        max_value = _MAX_VALUES.get(name)
        if max_value is not None and not (value.isdecimal() and int(value) <= max_value):
            raise SqsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _redrive(policy: str) -> tuple[str | None, int]:
    if not policy:
        return None, 0
    try:
        content = json.loads(policy)
        return str(content["deadLetterTargetArn"]), int(content["maxReceiveCount"])
    except (ValueError, KeyError, TypeError) as error:
        raise invalid_parameter(f"Value {policy} for parameter RedrivePolicy is invalid.") from error
