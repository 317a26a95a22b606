"""Frames that mean harm: too large, too deep, half characters, and anything at all."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from api_gateway_ws.routes import RefusedFrame, StopRequest, route_frame
from api_gateway_ws.sender import Sender
from shared.messages.client import CLIENT_FRAME_TYPES, Hello, Ping
from shared.messages.commands import COMMAND, Envelope
from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_FRAME_BYTES

SPEAKER = Sender("salon-ania", "session", "connection", "pl")


def routed(text):
    return route_frame(text, SPEAKER, accepted_at=datetime(2026, 1, 12, 12, tzinfo=UTC), fresh_id=lambda: "fresh")


def sized(size):
    """Return a good ping of so many bytes, most of them in a field that nobody reads."""
    empty = json.dumps({"v": 1, "type": "ping", "padding": ""})
    return empty.replace('""', f'"{"x" * (size - len(empty))}"')


def test_size_is_counted_in_bytes_not_in_characters():
    """A frame of exactly the limit passes, one byte more does not, and a Polish character counts twice."""
    assert isinstance(routed(sized(MAX_FRAME_BYTES)), Ping)
    assert routed(sized(MAX_FRAME_BYTES + 1)).code == ErrorCode.TOO_LARGE
    text = '{"v":1,"type":"ping","padding":"' + "ą" * 12_300 + '"}'
    assert len(text) < MAX_FRAME_BYTES
    assert routed(text).code == ErrorCode.TOO_LARGE


def test_a_chat_text_of_maximum_length_fits_in_any_script():
    """Four thousand of the widest characters are still one frame."""
    frame = {"v": 1, "type": "chat.send", "id": "a1", "data": {"text": "🙂" * 4000}}

    assert routed(json.dumps(frame, ensure_ascii=False)).data.text == "🙂" * 4000


@pytest.mark.parametrize("opening", ['{"a":', '{"v":1,"type":"ping","data":{"a":[', "["])
def test_deep_nesting_is_no_way_to_bring_the_ingress_down(opening):
    """As many brackets as a frame can hold, closed or not, are answered like anything else."""
    depth = MAX_FRAME_BYTES // len(opening) // 2
    for text in (opening * depth, '{"v":1,"type":"ping","x":' + "[" * 11_000 + "]" * 11_000 + "}"):
        assert isinstance(routed(text), RefusedFrame | BaseModel)


def test_the_last_of_two_equal_keys_counts():
    """As every JSON parser in a browser has it; the id that is checked is the id that is used."""
    command = routed('{"v":1,"type":"ping","type":"chat.send","id":"a1","id":"a2","data":{"text":"Hello"}}')

    assert (command.type, command.client_id) == ("chat.send", "a2")


def is_answer(outcome):
    return isinstance(outcome, RefusedFrame | StopRequest | Hello | Ping | Envelope)


@given(text=st.text(st.characters(exclude_categories=()), max_size=300))
def test_no_text_raises(text):
    """Whatever arrives, half characters included, is a command or a refusal."""
    assert is_answer(routed(text))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ["text", "id", "last_seq", "locale", "start", "contact", "service", "appointment_id", "code", "from", "days"]


@given(
    kind=st.sampled_from(sorted(CLIENT_FRAME_TYPES)) | _JSON,
    client_id=st.just("a1") | _JSON,
    data=st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=5) | _JSON,
)
def test_no_json_raises(kind, client_id, data):
    """Every field may hold anything; what is accepted can be written to a queue and read back."""
    outcome = routed(json.dumps({"v": 1, "type": kind, "id": client_id, "data": data}))

    assert is_answer(outcome)
    if isinstance(outcome, Envelope):
        assert COMMAND.validate_json(outcome.model_dump_json(by_alias=True)) == outcome
