"""The framing of a model's events: whatever is split or damaged, compared with botocore's decoder."""

import struct
from itertools import pairwise
from zlib import crc32

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer, ParserError
from hypothesis import given
from hypothesis import strategies as st

from infra.local.bedrock.event_stream import encode_event, encode_exception, encode_message
from workers.chat.adapters.bedrock.event_stream import MAX_MESSAGE_BYTES, EventStreamDecoder

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=20)
MESSAGES = st.lists(
    st.one_of(
        st.builds(encode_event, NAMES, st.dictionaries(TEXTS, TEXTS, max_size=3)),
        st.builds(encode_exception, NAMES, TEXTS),
        st.builds(encode_message, st.dictionaries(NAMES, TEXTS, max_size=4), st.binary(max_size=60)),
    ),
    max_size=5,
)


def read(*pieces):
    """Return headers and payload of each message, and the error that ended them."""
    decoder, found = EventStreamDecoder(), []
    try:
        for piece in pieces:
            decoder.add(piece)
            while message := decoder.read_message():
                found.append((dict(message.headers), message.payload))
    except ParserError as error:
        return found, type(error)
    return found, None if decoder.is_empty else "more"


def read_with_botocore(content):
    buffer, found = EventStreamBuffer(), []
    buffer.add_data(content)
    for message in buffer:
        texts = {name: value for name, value in message.headers.items() if isinstance(value, str)}
        found.append((texts, message.payload))
    return found


def frame(head, payload=b"{}"):
    """Return a message with raw headers."""
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return message + struct.pack("!I", crc32(message))


@given(messages=MESSAGES, data=st.data())
def test_messages_are_the_same_however_they_are_split(messages, data):
    """Several in one piece, or one over several pieces: as botocore reads the whole."""
    content = b"".join(messages)
    cuts = data.draw(st.sets(st.integers(0, len(content)), max_size=8))
    pieces = [content[start:stop] for start, stop in pairwise([0, *sorted(cuts), len(content)])]

    assert read(*pieces) == (read_with_botocore(content), None)


@given(position=st.integers(0, 10_000), flip=st.integers(1, 255), split=st.integers(0, 10_000))
def test_a_damaged_byte_is_an_error(position, flip, split):
    """In whichever part, also of the lengths: nothing waits for bytes that never come, and nothing damaged is read."""
    first, second = encode_event("contentBlockDelta", {"delta": {"text": "ż"}}), encode_event("messageStop", {"a": 1})
    content = bytearray(first + second)
    content[position % len(content)] ^= flip
    split %= len(content)

    found, error = read(bytes(content[:split]), bytes(content[split:]))
    assert isinstance(error, type)
    assert issubclass(error, ParserError)
    assert found == (read_with_botocore(first) if position % len(content) >= len(first) else [])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    """A neighbour that speaks something else raises nothing but an error of the framing."""
    read(content)


def test_values_of_other_types_are_skipped():
    """The framing has ten types of values; those that are no texts are nobody's here."""
    numbers = [b"\2a", b"\3ab", b"\4abcd", b"\5abcdefgh", b"\x08abcdefgh"]
    values = [b"\0", b"\1", *numbers, b"\6\0\2ab", b"\x09" + b"u" * 16]
    head = b"".join(b"\1%c%b" % (97 + number, value) for number, value in enumerate(values)) + b"\1z\7\0\1t"
    message = frame(head)

    assert read(message) == ([({"z": "t"}, b"{}")], None)
    assert read_with_botocore(message) == [({"z": "t"}, b"{}")]


BROKEN = {
    "name": b"\5a",
    "no type": b"\1a",
    "type": b"\1a\x0a",
    "text": b"\1a\7\0\5abc",
    "length": b"\1a\7\0",
    "number": b"\1a\4ab",
    "twice": b"\1a\0\1a\0",
    "name no UTF-8": b"\2\xff\xff\7\0\1a",
    "text no UTF-8": b"\1a\7\0\1\xff",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_headers_are_an_error(name):
    """Although the checksums are right."""
    found, error = read(frame(BROKEN[name]))
    assert (found, issubclass(error, ParserError)) == ([], True)


def test_a_message_has_a_limit():
    """Nobody waits for more than that, or keeps it."""
    for size, headers_size in ((MAX_MESSAGE_BYTES + 1, 0), (2**32 - 1, 0), (200_000, 150_000), (20, 10), (0, 0)):
        prelude = struct.pack("!II", size, headers_size)
        found, error = read(prelude + struct.pack("!I", crc32(prelude)))
        assert (found, issubclass(error, ParserError)) == ([], True)
    largest = frame(b"", b"x" * (MAX_MESSAGE_BYTES - 16))
    assert len(read(largest)[0]) == 1


def test_the_first_checksum_is_checked_before_anything_else():
    """A wrong length is noticed with the first twelve bytes."""
    assert read(encode_event("a", {})[:12].replace(b"\0\0\0", b"\0\1\0", 1)) == ([], ChecksumMismatch)
