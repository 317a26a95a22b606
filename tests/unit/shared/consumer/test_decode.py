"""From a body to a typed message, or to a reason that leaks nothing."""

import json
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, create_model

from shared.consumer.decode import Decoder, UndecodableError
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND, ChatSend
from shared.messages.notices import NOTICE

CHAT = Decoder(CHAT_COMMAND)
BOOKING = Decoder(BOOKING_COMMAND)
SECRET = "tajne-48-123-456-789"


def refusal(decoder, text):
    with pytest.raises(UndecodableError) as refused:
        decoder.decode(text)
    return refused.value


def test_a_good_body_becomes_its_message(body):
    """What the ingress wrote is read back, and fields that are newer than us are ignored."""
    command = CHAT.decode(body(text="Cześć", mood="good"))
    assert isinstance(command, ChatSend)
    assert (command.id, command.data.text) == ("k1", "Cześć")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{", "[]", "null", "17", '"text"', "[" * 100_000, '{"a":' * 100_000, "1" * 5000, "\ud800", "\x00"],
)
def test_a_body_that_is_no_json_object_is_not_json(text):
    """Other texts, other JSON values and endless nesting have one reason, and never another exception."""
    assert refusal(CHAT, text).reason == "not_json"


@pytest.mark.parametrize("decoder", [CHAT, BOOKING, Decoder(NOTICE)])
def test_a_newer_version_is_named(decoder, body):
    """An envelope of a later release has a reason of its own, so that it can be replayed after the update."""
    found = refusal(decoder, body(version=2, data={"new": SECRET}, type="chat.sing"))
    assert found.reason == "newer_version"
    assert SECRET not in str(found)


def test_an_unknown_type_is_named(body):
    """A type that this queue does not carry, or none at all, has a reason of its own."""
    for decoder in (BOOKING, CHAT, Decoder(NOTICE)):
        assert refusal(decoder, body(type=SECRET)).reason == "unknown_type"
    without = json.loads(body())
    del without["type"]
    assert refusal(BOOKING, json.dumps(without)).reason == "unknown_type"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data": {"text": {"deep": SECRET}}}, "data.text"),
        ({"data": {"text": "\x07" + SECRET}}, "data.text"),
        ({"data": SECRET}, "data"),
        ({"accepted_at": SECRET}, "accepted_at"),
        ({"accepted_at": "2026-01-12T12:00:00"}, "accepted_at"),
        ({"tenant": [SECRET]}, "tenant"),
        ({"version": SECRET}, "version"),
    ],
)
def test_a_wrong_field_is_named_without_its_value(body, changes, field):
    """The reason goes to logs and to the dead letter: it names the fields, never their values."""
    found = refusal(CHAT, body(**changes))
    assert found.reason == "invalid"
    assert f"{field}:" in str(found)
    assert SECRET not in str(found)
    assert found.__cause__ is None


def test_many_wrong_fields_stay_short():
    """A body with everything wrong names the first five fields."""
    found = refusal(CHAT, json.dumps({"version": 1, "type": "chat.send"}))
    assert found.reason == "invalid"
    assert str(found).count(";") == 4


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.text() | st.dictionaries(st.sampled_from(["version", "type", "id", "data"]), JSON_VALUES).map(json.dumps))
def test_any_text_is_read_or_refused(text):
    """Whatever lies on the queue, decoding ends in a message or in `UndecodableError`."""
    for decoder in (CHAT, BOOKING):
        with suppress(UndecodableError):
            assert decoder.decode(text).id


@pytest.fixture
def third():
    """Read a made-up third version, in which the words moved twice."""
    steps = {
        1: lambda content: {**content, "data": {"words": content["data"]["text"]}},
        2: lambda content: {**content, "data": {"text": content["data"]["words"].upper()}},
    }
    model = create_model("Third", __base__=ChatSend, version=(Literal[3], 3))
    return Decoder(TypeAdapter(model), version=3, upgrades=steps)


@pytest.mark.parametrize(
    ("version", "data", "text"),
    [(1, {"text": "hello"}, "HELLO"), (2, {"words": "hello"}, "HELLO"), (3, {"text": "hello"}, "hello")],
)
def test_an_older_version_is_upgraded_step_by_step(third, body, version, data, text):
    """What an older release queued is read by this one, from whichever version it starts."""
    command = third.decode(body(version=version, data=data))
    assert (command.version, command.data.text) == (3, text)


@pytest.mark.parametrize(
    ("version", "data", "reason"),
    [
        (0, {"text": SECRET}, "older_version"),
        (1, {"other": SECRET}, "invalid"),
        (1, [SECRET], "invalid"),
        (2, {"words": 5}, "invalid"),
        (4, {"text": SECRET}, "newer_version"),
    ],
)
def test_a_failed_upgrade_makes_the_message_invalid(third, body, version, data, reason):
    """A version from before any step, and content that no version ever had, end with a reason and no value."""
    found = refusal(third, body(version=version, data=data))
    assert found.reason == reason
    assert SECRET not in str(found)
