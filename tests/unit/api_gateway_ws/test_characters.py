"""Characters that SQS refuses, in every field of every frame."""

import json
from typing import get_args

import pytest

from infra.contracts.examples import list_examples
from infra.contracts.schemas import CLIENT
from shared.messages.client import CLIENT_FRAME_TYPES, AnyClientFrame
from shared.trace import Trace

TRACE = Trace(root="1-5759e988-bd862e3fe1be46a994272793", parent="53995c3f42cd8ad8", sampled=True)
ALLOWED = [(0x9, 0x9), (0xA, 0xA), (0xD, 0xD), (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)]
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""

REFUSED = [
    *(chr(point) for point in range(0x20) if point not in {0x9, 0xA, 0xD}),
    *("\ud800", "\udbff", "\udc00", "\udfff", "\ufffe", "\uffff"),
]
EXAMPLES = list_examples(CLIENT)
VALUES = {name: value for frame in EXAMPLES for name, value in frame.get("data", {}).items()}
OWN_CODES = {
    "contact": "INVALID_CONTACT",
    "start": "INVALID_TIME",
    "service": "UNKNOWN_SERVICE",
    "appointment_id": "UNKNOWN_APPOINTMENT",
    "code": "CODE_INVALID",
}


def list_text_fields():
    """Yield the type of each frame with the name of each of its fields that is a text on the wire."""
    for model in get_args(get_args(AnyClientFrame)[0]):
        kind = get_args(model.model_fields["type"].annotation)[0]
        yield from ((kind, None, "id"), (kind, None, "type"))
        for name, field in model.model_fields["data"].annotation.model_fields.items():
            if contains_text(VALUES[field.alias or name]):
                yield kind, "data", field.alias or name


def contains_text(value):
    """Return whether a value of an example is a text, or a list or an object with one."""
    return insert(value, "!") != value


def insert(value, character):
    """Return the value with the character in each of its texts."""
    match value:
        case str():
            return f"{value[:3]}{character}{value[3:]}"
        case list():
            return [insert(item, character) for item in value]
        case dict():
            return {key: insert(item, character) for key, item in value.items()}
        case _:
            return value


FIELDS = list(list_text_fields())


def build_frame(kind, section, name, value):
    """Return the example of a frame with another value in one field."""
    frame = next(frame for frame in EXAMPLES if frame["type"] == kind)
    if section is None:
        return frame | {name: value}
    data = {key: kept for key, kept in frame.get("data", {}).items() if {key, name} != {"appointment_id", "link"}}
    return frame | {"data": data | {name: value}}


def say(world, sender, content):
    answer = world.ingress.answer_frame(json.dumps(content), sender, trace=TRACE)
    return None if answer is None else json.loads(answer.to_wire_text())


@pytest.mark.parametrize(("kind", "section", "name"), FIELDS)
def test_a_character_that_sqs_refuses_is_the_fields_own_mistake(world, sender, kind, section, name):
    """It is refused before the queue, and sending the frame again would not help."""
    valid = VALUES[name] if section else {"id": "a1", "type": kind}[name]
    expected = (
        {"id": "BAD_FRAME", "type": "UNSUPPORTED_TYPE"}[name] if section is None else OWN_CODES.get(name, "BAD_FRAME")
    )
    for character in REFUSED:
        answer = say(world, sender, build_frame(kind, section, name, insert(valid, character)))
        assert (answer["type"], ascii(character)) == ("error", ascii(character))
        assert (answer["data"]["code"], answer["data"]["retryable"]) == (expected, False), ascii(character)
    assert world.queue.commands == []
    assert world.poster.posted == []


def test_the_table_has_every_frame():
    """A new type is in the table as soon as it has an example."""
    assert {kind for kind, _, _ in FIELDS} == CLIENT_FRAME_TYPES
    assert ("booking.create", "data", "note") in FIELDS
    assert len(FIELDS) > 2 * len(CLIENT_FRAME_TYPES)


@pytest.mark.parametrize(
    ("kind", "name"), [("chat.send", "text"), ("booking.create", "note"), ("booking.create", "name")]
)
def test_every_other_character_is_accepted(world, sender, kind, name):
    """The first and the last of each range that SQS allows, and the last two characters of other planes."""
    characters = "".join(chr(point) for bounds in ALLOWED for point in bounds) + "\U0001fffe\U0001ffff\ufdd0\x7f"
    answer = say(world, sender, build_frame(kind, "data", name, f"a{characters}z"))
    assert answer["type"] == "ack"
    assert getattr(world.queue.commands[0].data, name) == f"a{characters}z"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello \ufffe", "BAD_FRAME"),
        ("VERIFY_APPOINTMENT:8k2v0d1mq4c7t5n3b9hr6sgju0ea2f4p,12\uffff3456", "CODE_INVALID"),
        ("BOOK_APPOINTMENT:2027-02-12T15:30,anna\ufffe@example.com,portrait", "INVALID_CONTACT"),
    ],
)
def test_a_text_of_the_predecessor_is_checked_too(world, sender, text, code):
    """Its fields are those of the frame that it becomes."""
    answer = json.loads(world.ingress.answer_frame(text, sender, trace=TRACE).to_wire_text())
    assert (answer["data"]["code"], answer["data"]["retryable"]) == (code, False)
    assert world.queue.commands == []
