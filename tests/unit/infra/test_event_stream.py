"""The event stream framing, checked with the decoder of the AWS client."""

import json

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from infra.local.bedrock import event_stream

_names = st.text(min_size=1, max_size=60).filter(lambda name: len(name.encode()) <= 255)
_headers = st.dictionaries(_names, st.text(max_size=200), max_size=6)
_messages = st.lists(st.tuples(_headers, st.binary(max_size=2000)), min_size=1, max_size=5)


def _decode(stream: bytes, *, step: int = 0) -> list:
    buffer = EventStreamBuffer()
    decoded = []
    for start in range(0, len(stream), step or len(stream)):
        buffer.add_data(stream[start : start + (step or len(stream))])
        decoded.extend(buffer)
    return decoded


@given(messages=_messages, step=st.integers(min_value=0, max_value=97))
def test_what_is_encoded_is_decoded(messages, step):
    """The client's decoder returns the encoded headers and payloads, however the bytes are split."""
    stream = b"".join(event_stream.encode_message(headers, payload) for headers, payload in messages)

    decoded = _decode(stream, step=step)

    assert [(message.headers, message.payload) for message in decoded] == messages


@given(text=st.text(max_size=300))
def test_an_event_carries_its_type_and_json(text):
    """An event names its type and its payload is the JSON of its body, in any script."""
    body = {"delta": {"text": text}, "contentBlockIndex": 0}

    (message,) = _decode(event_stream.encode_event("contentBlockDelta", body))

    assert message.headers == {
        ":event-type": "contentBlockDelta",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert json.loads(message.payload) == body


def test_an_exception_differs_from_an_event():
    """An exception's type starts with a lower-case character, and the client reports it as an error."""
    (message,) = _decode(event_stream.encode_exception("ThrottlingException", "Too many requests"))

    assert message.headers[":exception-type"] == "throttlingException"
    assert message.headers[":message-type"] == "exception"
    assert message.to_response_dict()["status_code"] == 400


@pytest.mark.parametrize(
    "headers",
    [{"": "nameless"}, {"n" * 256: "long name"}, {"name": "v" * 32_768}],
    ids=["no name", "long name", "long value"],
)
def test_a_header_that_does_not_fit_is_refused(headers):
    """A header that is too long for the framing is an error, not a broken stream."""
    with pytest.raises(ValueError, match="header's"):
        event_stream.encode_message(headers, b"")
