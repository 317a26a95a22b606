"""Decodes the framing `application/vnd.amazon.eventstream`, without I/O.

A message is a prelude (its length, the length of its headers, a checksum of both), the headers, the payload, and a
checksum of all that; numbers are big-endian (https://smithy.io/2.0/aws/amazon-eventstream.html).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from botocore.eventstream import (
    ChecksumMismatch,
    DuplicateHeader,
    InvalidHeadersLength,
    InvalidPayloadLength,
    ParserError,
)

MAX_MESSAGE_BYTES = 1024 * 1024
"""An event of an answer has some words. The framing allows 24 MB, for which nobody should wait."""

_MAX_HEADERS_BYTES = 128 * 1024
_PRELUDE = struct.Struct("!III")
_CHECKSUM = struct.Struct("!I")
_SMALLEST = _PRELUDE.size + _CHECKSUM.size

_STRING = 7
_FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Of the values of all other types, except that byte arrays (6) have a length of their own, like strings."""
_BYTES = 6


@dataclass(frozen=True, slots=True)
class EventMessage:
    """A message whose checksums are right."""

    headers: Mapping[str, str]
    """Those whose values are texts."""
    payload: bytes


class EventStreamDecoder:
    """Cuts bytes, however they are split, into messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._received += data

    @property
    def is_empty(self) -> bool:
        """Whether the bytes so far are whole messages that were read."""
        return not self._received

    def read_message(self) -> EventMessage | None:
        """Return the next message; None if more bytes are needed.

        Raises:
            ParserError: the bytes are no messages, or damaged.
        """
        received = self._received
        if len(received) < _PRELUDE.size:
            return None
        size, headers_size, checksum = _PRELUDE.unpack_from(received)
        # First, because a wrong length would wait for bytes that never come.
        _check(received[:8], checksum)
        if headers_size > _MAX_HEADERS_BYTES:
            raise InvalidHeadersLength(headers_size)
        if not _SMALLEST + headers_size <= size <= MAX_MESSAGE_BYTES:
            raise InvalidPayloadLength(size)
        if len(received) < size:
            return None
        message = bytes(received[:size])
        del received[:size]
        _check(message[:-4], *_CHECKSUM.unpack_from(message, size - 4))
        headers_end = _PRELUDE.size + headers_size
        return EventMessage(_parse_headers(message[_PRELUDE.size : headers_end]), message[headers_end:-4])


def _check(content: bytes | bytearray, checksum: int) -> None:
    if (calculated := crc32(content)) != checksum:
        raise ChecksumMismatch(checksum, calculated)


# The headers of all events of one type are the same.
@lru_cache(maxsize=64)
def _parse_headers(content: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    names, position = set[bytes](), 0
    try:
        while position < len(content):
            name, position = _cut(content, position + 1, content[position])
            if name in names:
                raise DuplicateHeader(name.decode(errors="replace"))
            names.add(name)
            kind, position = content[position], position + 1
            if kind in {_STRING, _BYTES}:
                (size,) = struct.unpack_from("!H", content, position)
                value, position = _cut(content, position + 2, size)
                if kind == _STRING:
                    headers[name.decode()] = value.decode()
            else:
                _, position = _cut(content, position, _FIXED_SIZES[kind])
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise ParserError(f"no headers: {type(error).__name__}") from error
    return headers


def _cut(content: bytes, start: int, size: int) -> tuple[bytes, int]:
    if start + size > len(content):
        raise IndexError("a header ends behind the headers")
    return content[start : start + size], start + size
