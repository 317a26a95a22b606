"""Encodes messages of the `application/vnd.amazon.eventstream` framing.

A message is a prelude (total length, headers length, CRC of both), the headers, the payload and a CRC of
all preceding bytes; every number is big-endian. Source:
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import json
import struct
from binascii import crc32
from collections.abc import Mapping
from typing import Any

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_STRING = 7  # the only header type in Bedrock's messages
_PRELUDE_AND_CRCS = 16  # two lengths, the prelude's CRC and the message's CRC, 4 bytes each
_MAX_HEADERS_BYTES = 128 * 1024
_MAX_PAYLOAD_BYTES = 24 * 1024 * 1024


def encode_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one message.

    Raises:
        ValueError: a header's name or value, the headers or the payload are longer than the framing allows.
    """
    head = b"".join(_encode_header(name, value) for name, value in headers.items())
    if len(head) > _MAX_HEADERS_BYTES:
        raise ValueError(f"headers take {len(head)} bytes, at most {_MAX_HEADERS_BYTES} are allowed")
    if len(payload) > _MAX_PAYLOAD_BYTES:
        raise ValueError(f"the payload takes {len(payload)} bytes, at most {_MAX_PAYLOAD_BYTES} are allowed")
    lengths = struct.pack("!II", _PRELUDE_AND_CRCS + len(head) + len(payload), len(head))
    message = lengths + struct.pack("!I", crc32(lengths)) + head + payload
    return message + struct.pack("!I", crc32(message))


def encode_event(event_type: str, body: Mapping[str, Any]) -> bytes:
    """Encode one event of the output stream, such as `contentBlockDelta`."""
    headers = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    return encode_message(headers, _encode_json(body))


def encode_exception(error_code: str, message: str) -> bytes:
    """Encode an exception that ends a stream; the first character of its code is in lower case."""
    headers = {
        ":exception-type": error_code[:1].lower() + error_code[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_message(headers, _encode_json({"message": message}))


def _encode_header(name: str, value: str) -> bytes:
    raw_name, raw_value = name.encode(), value.encode()
    if not 0 < len(raw_name) <= 0xFF:
        raise ValueError(f"a header's name takes 1 to 255 bytes, this one {len(raw_name)}")
    if len(raw_value) > 0x7FFF:
        raise ValueError(f"a header's value takes at most 32767 bytes, this one {len(raw_value)}")
    return struct.pack("!B", len(raw_name)) + raw_name + struct.pack("!BH", _STRING, len(raw_value)) + raw_value


def _encode_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
