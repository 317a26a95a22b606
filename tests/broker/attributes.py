"""Message attributes: their checksum, their JSON, and the selection for a receiver."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STRING, _BINARY = b"\x01", b"\x02"

Values = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class MessageAttributes:
    """The attributes of one or more messages, with their JSON for a receiver of all of them."""

    values: Values
    md5: str
    rendered: str

    @classmethod
    def of(cls, values: Values | None) -> "MessageAttributes | None":
        """Render attributes once; None when there are none."""
        if not values:
            return None
        digest = md5_of(values)
        rendered = f',"MD5OfMessageAttributes":"{digest}","MessageAttributes":{json.dumps(values)}'
        return cls(values, digest, rendered)

    def select(self, names: Sequence[str]) -> str:
        """Return the JSON of the requested attributes, with a leading comma."""
        if not names:
            return ""
        if "All" in names or ".*" in names:
            return self.rendered
        prefixes = tuple(name.removesuffix(".*") for name in names if name.endswith(".*"))
        chosen = {
            name: value
            for name, value in self.values.items()
            if name in names or (prefixes and name.startswith(prefixes))
        }
        some = MessageAttributes.of(chosen)
        return some.rendered if some else ""


def md5_of(values: Values) -> str:
    """Return the checksum that clients compare.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(values):
        value = values[name]
        data_type = str(value["DataType"])
        digest.update(_with_length(name.encode()) + _with_length(data_type.encode()))
        if data_type.startswith("Binary"):
            digest.update(_BINARY + _with_length(base64.b64decode(value["BinaryValue"])))
        else:
            digest.update(_STRING + _with_length(str(value["StringValue"]).encode()))
    return digest.hexdigest()


def _with_length(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
