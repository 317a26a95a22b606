"""What becomes of every kind of frame, good, bad and hostile."""

import json
from datetime import UTC, datetime

import pytest

from api_gateway_ws.routes import RefusedFrame, StopRequest, route_frame
from api_gateway_ws.sender import Sender
from shared.consumer.handler import fingerprint_message
from shared.ids import derive_command_key
from shared.messages.client import CLIENT_FRAME_TYPES, Hello, Ping
from shared.messages.commands import COMMAND, Envelope
from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_PROOF_CHARACTERS

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
SPEAKER = Sender("salon-ania", "session", "connection", "pl", source_ip="192.0.2.7")
APPOINTMENT = "0123456789abcdefghijklmnopqrstuv"
BOOKING_VERBS = ("slots", "create", "verify", "resend", "lookup", "cancel", "reschedule")
CREATE = {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage"}


def routed(text):
    return route_frame(text, SPEAKER, accepted_at=NOW, fresh_id=lambda: "fresh", trace="trace")


def frame(kind, data=None, **fields):
    content = {"v": 1, "type": kind, "id": "a1"} | ({} if data is None else {"data": data}) | fields
    return json.dumps(content)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("chat.send", {"text": "Hello"}),
        ("handover.request", {"note": "Late", "contact": "jan@example.com"}),
        ("handover.request", {}),
        ("handover.request", None),
        ("booking.create", CREATE),
        ("booking.verify", {"appointment_id": APPOINTMENT, "code": "123456"}),
        ("booking.resend", {"appointment_id": APPOINTMENT}),
        ("booking.cancel", {"appointment_id": APPOINTMENT}),
        ("booking.reschedule", {"appointment_id": APPOINTMENT, "start": "2026-01-13 10:00"}),
        ("transcript.request", {"contact": "stranger@example.com"}),
        ("session.end", None),
    ],
)
def test_a_command_carries_its_sender_and_its_time(kind, data):
    """The envelope takes the speaker from the connection, never from the frame."""
    command = routed(frame(kind, data, tenant="other", session_id="another", locale="de"))

    assert isinstance(command, Envelope)
    assert command.type == kind
    # A question has a fresh key each time, so that it is answered again.
    question = "fresh" if kind == "booking.slots" else ""
    assert command.id == derive_command_key("salon-ania", "session", f"a1{question}")
    assert (command.tenant, command.session_id, command.connection_id) == ("salon-ania", "session", "connection")
    assert (command.client_id, command.locale, command.accepted_at) == ("a1", "pl", NOW)
    assert (command.trace, command.source_ip, command.replay) == ("trace", "192.0.2.7", 0)
    assert COMMAND.validate_json(command.model_dump_json(by_alias=True)) == command


@pytest.mark.parametrize("data", [None, {"service": "massage", "from": "2026-01-13", "days": 60}])
def test_a_question_for_free_times_is_a_new_one_each_time(data):
    """An answer that nobody heard must not silence the same question when it is asked again."""
    fresh = iter("123")

    def ask():
        return route_frame(frame("booking.slots", data), SPEAKER, accepted_at=NOW, fresh_id=lambda: next(fresh))

    one, other = ask(), ask()
    assert (one.type, one.client_id) == (other.type, other.client_id) == ("booking.slots", "a1")
    assert one.id != other.id
    assert COMMAND.validate_json(one.model_dump_json(by_alias=True)) == one


def test_the_table_above_and_the_protocol_know_the_same_types():
    """A type that is added to the protocol is added to these tests too."""
    commands = {
        "chat.send",
        "handover.request",
        "transcript.request",
        "session.end",
        *(f"booking.{verb}" for verb in BOOKING_VERBS),
    }
    assert commands | {"hello", "ping", "chat.stop", "chat.feedback"} == CLIENT_FRAME_TYPES


def test_hello_ping_and_stop_are_no_commands():
    """They are answered by the ingress itself; a stop names its command by the key that the worker watches."""
    assert isinstance(routed('{"v":1,"type":"ping"}'), Ping)
    assert routed('{"v":1,"type":"hello","data":{"last_seq":3}}').data.last_seq == 3
    assert isinstance(routed('{"v":1,"type":"hello"}'), Hello)
    assert routed(frame("chat.stop", {"id": "a0"})) == StopRequest(
        derive_command_key("salon-ania", "session", "a0"), "a1"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "BAD_FRAME"),
        (" \n\t ", "BAD_FRAME"),
        ("{", "BAD_FRAME"),
        ("{]", "BAD_FRAME"),
        ('{"v":1,"type":"ping"} {"v":1}', "BAD_FRAME"),
        ("{}", "BAD_FRAME"),
        ('{"type":"ping"}', "BAD_FRAME"),
        ('{"v":2,"type":"ping"}', "BAD_FRAME"),
        ('{"v":"1","type":"ping"}', "BAD_FRAME"),
        ('{"v":true,"type":"ping"}', "BAD_FRAME"),
        ('{"v":null,"type":"ping"}', "BAD_FRAME"),
        ('{"v":[1],"type":"ping"}', "BAD_FRAME"),
        ('{"v":NaN,"type":"ping"}', "BAD_FRAME"),
        ('{"v":1e400,"type":"ping"}', "BAD_FRAME"),
        ('{"v":1}', "BAD_FRAME"),
        ('{"v":1,"type":7}', "BAD_FRAME"),
        ('{"v":1,"type":["ping"]}', "BAD_FRAME"),
        ('{"v":1,"type":{}}', "BAD_FRAME"),
        ('{"v":1,"type":"PING"}', "UNSUPPORTED_TYPE"),
        ('{"v":1,"type":"chat.final"}', "UNSUPPORTED_TYPE"),
        ('{"v":1,"type":"\\ud800"}', "UNSUPPORTED_TYPE"),
        ('{"v":1,"type":"ping","data":NaN}', "BAD_FRAME"),
        ('{"v":1,"type":"ping","data":[]}', "BAD_FRAME"),
        ('{"v":1,"type":"ping","id":5}', "BAD_FRAME"),
        ('{"v":1,"type":"ping","id":"a b"}', "BAD_FRAME"),
        ('{"v":1,"type":"ping","id":"a\\n"}', "BAD_FRAME"),
        ('{"v":1,"type":"ping","id":""}', "BAD_FRAME"),
        ('{"v":1,"type":"hello","data":{"last_seq":-1}}', "BAD_FRAME"),
        ('{"v":1,"type":"hello","data":{"last_seq":' + "9" * 400 + "}}", "BAD_FRAME"),
        ('{"v":1,"type":"hello","data":{"last_seq":' + "9" * 5000 + "}}", "BAD_FRAME"),
        ('{"v":1,"type":"hello","data":{"last_seq":Infinity}}', "BAD_FRAME"),
        ('{"v":1,"type":"hello","data":{"last_seq":1.5}}', "BAD_FRAME"),
        (frame("chat.send"), "BAD_FRAME"),
        (frame("chat.send", {}), "BAD_FRAME"),
        (frame("chat.send", {"text": " \n "}), "BAD_FRAME"),
        (frame("chat.send", {"text": ["Hello"]}), "BAD_FRAME"),
        (frame("chat.send", {"text": "bell \x07"}), "BAD_FRAME"),
        (frame("chat.send", {"text": "nul \x00"}), "BAD_FRAME"),
        (frame("chat.send", {"text": "half \ud83d"}), "BAD_FRAME"),
        (frame("chat.send", {"text": "x" * 4001}), "TOO_LARGE"),
        (frame("chat.send", {"text": "Hello"}, id=None), "BAD_FRAME"),
        (frame("handover.request", {"note": "x" * 1001}), "BAD_FRAME"),
        (frame("handover.request", {"note": ["x"]}), "BAD_FRAME"),
        (frame("handover.request", {"note": "bell \x07"}), "BAD_FRAME"),
        (frame("handover.request", {"note": "half \ud83d"}), "BAD_FRAME"),
        (frame("handover.request", {"contact": "x" * 255}), "INVALID_CONTACT"),
        (frame("handover.request", {"contact": "jan@example.com\x00"}), "INVALID_CONTACT"),
        (frame("handover.request", {"contact": "half \ud83d"}), "INVALID_CONTACT"),
        (frame("handover.request", {}, id=None), "BAD_FRAME"),
        ('{"v":1,"type":"chat.send","data":{"text":"no id"}}', "BAD_FRAME"),
        (frame("booking.slots", {"days": 0}), "BAD_FRAME"),
        (frame("booking.slots", {"days": 61}), "BAD_FRAME"),
        (frame("booking.slots", {"from": "13.01.2026"}), "BAD_FRAME"),
        (frame("booking.create", CREATE | {"contact": " "}), "INVALID_CONTACT"),
        (frame("booking.create", CREATE | {"contact": "a" * 255}), "INVALID_CONTACT"),
        (frame("booking.create", CREATE | {"contact": "a@b.c\x00"}), "INVALID_CONTACT"),
        (frame("booking.create", CREATE | {"start": ""}), "INVALID_TIME"),
        (frame("booking.create", CREATE | {"service": ""}), "UNKNOWN_SERVICE"),
        (frame("booking.create", CREATE | {"name": "n" * 121}), "BAD_FRAME"),
        (frame("booking.create", CREATE | {"note": "n" * 1001}), "BAD_FRAME"),
        (frame("booking.create", {"start": "2026-01-13T10:00"}), "BAD_FRAME"),
        (frame("booking.verify", {"appointment_id": "../../etc", "code": "1"}), "UNKNOWN_APPOINTMENT"),
        (frame("booking.verify", {"appointment_id": APPOINTMENT, "code": ""}), "CODE_INVALID"),
        (frame("booking.verify", {"appointment_id": APPOINTMENT, "code": "1" * 17}), "CODE_INVALID"),
        (frame("booking.cancel", {"appointment_id": APPOINTMENT.upper()}), "UNKNOWN_APPOINTMENT"),
        ("half a pair: \ud800", "BAD_FRAME"),
    ],
)
def test_a_bad_frame_is_refused_with_the_code_that_helps(text, code):
    """Each refusal says in its detail which field is wrong."""
    refused = routed(text)

    assert isinstance(refused, RefusedFrame)
    assert refused.code == ErrorCode(code)
    assert refused.detail


@pytest.mark.parametrize(
    "secret",
    [
        frame("chat.send", {"text": ["jan@example.com"]}),
        frame("booking.create", CREATE | {"name": "jan@example.com\x00"}),
        frame("booking.create", CREATE | {"contact": "jan@example.com\x07"}),
        frame("booking.create", CREATE | {"answers": {"jan@example.com": "a\x00"}}),
        frame("booking.create", CREATE | {"answers": {"people": "jan@example.com\x00"}}),
        frame("booking.create", CREATE | {"answers": {"people": ["jan@example.com"]}}),
        frame("booking.create", CREATE | {"answers": {f"jan{number}": "a" for number in range(11)}}),
        frame("booking.slots", {"from": "jan@example.com"}),
        frame("booking.slots", {"days": "jan@example.com"}),
        frame("jan@example.com"),
    ],
)
def test_a_refusal_repeats_no_value(secret):
    """Its detail goes into the log, where nothing personal belongs."""
    assert "jan" not in (routed(secret).detail or "")


def test_a_refused_answer_is_named_by_its_question():
    """The widget marks the field; what stands in place of an id is not repeated."""
    for answers, detail in [
        ({"people": 2}, "data.answers.people: string_type"),
        ({"people": "x" * 501}, "data.answers.people: string_too_long"),
        ({"people": "\ufffe"}, "data.answers.people: invalid_character"),
        ({"a": "b", "people": "a\x07"}, "data.answers.people: value_error"),
        ({"Ewa Nowak": "x"}, "data.answers.?: string_pattern_mismatch"),
        ({f"q{number}": "x" for number in range(11)}, "data.answers: too_long"),
        (["people"], "data.answers: dict_type"),
    ]:
        refused = routed(frame("booking.create", CREATE | {"answers": answers}))
        assert (refused.code, refused.detail) == (ErrorCode.BAD_FRAME, detail)


@pytest.mark.parametrize(
    ("given_id", "echoed"),
    [("a1", "a1"), ("x" * 64, "x" * 64), ("x" * 65, None), ("", None), (7, None), ({}, None), ("\ud800", None)],
)
def test_a_refusal_names_the_frame_it_answers_if_it_can(given_id, echoed):
    """What is no id, or could not be sent back, is left out."""
    assert routed(frame("nonsense", id=given_id)).re == echoed


def test_a_client_id_may_be_sixty_four_characters_long():
    """The longest id that the protocol allows is accepted as it is, and one more character is not."""
    assert routed(frame("chat.send", {"text": "Hello"}, id="x" * 64)).client_id == "x" * 64
    assert routed(frame("chat.send", {"text": "Hello"}, id="x" * 65)).code == ErrorCode.BAD_FRAME


@pytest.mark.parametrize("text", ["Hello", '"quoted"', "17"])
def test_any_other_text_is_a_chat_message_of_the_predecessor(text):
    """What is no JSON object was typed by a person, or by an old page for one."""
    command = routed(text)

    assert (command.type, command.data.text, command.client_id) == ("chat.send", text, "text-fresh")


def test_an_array_or_null_is_no_message_of_a_person():
    """A program sent it by mistake, and hears so; what only looks like one is a chat message."""
    for text in ("[]", "null", " null\n", "[1, 2]", '[{"v":1,"type":"ping"}]', "[[[[]]]]", "[" * 12_000, "\ufeffnull"):
        assert routed(text) == RefusedFrame(ErrorCode.BAD_FRAME, None, "a frame is a JSON object"), text[:40]
    for text in ("[", "[1] please", "[Anna]", "[NaN]", "Null", "null?", "true", "-1e3", '"[]"', "nullnull"):
        assert (routed(text).type, routed(text).data.text) == ("chat.send", text), text
    for text in ("[\x00]", "\ud800", "[\ud800]", "\x00", "", " \r\n\t ", "\u2003"):
        assert routed(text).code == ErrorCode.BAD_FRAME, repr(text)


@pytest.mark.parametrize(
    "text",
    [frame("chat.send", {"text": "Hello"}), " {}", "[]", "Hello", f"VERIFY_APPOINTMENT:{APPOINTMENT},123456", " "],
)
def test_a_byte_order_mark_is_skipped(text):
    """Before a JSON frame and before a text of the predecessor, as if it were not there; only one, and only there."""
    assert routed("\ufeff" + text) == routed(text)
    assert routed("\ufeffHi \ufeff{}").data.text == "Hi \ufeff{}"


def test_the_same_id_is_the_same_command_and_another_visitors_is_not():
    """Tenant, session and client id make the key; the payload does not."""
    one, other = routed(frame("chat.send", {"text": "a"})), routed(frame("chat.send", {"text": "b"}))
    stranger = route_frame(
        frame("chat.send", {"text": "a"}),
        Sender("salon-ania", "session2", "connection", "pl"),
        accepted_at=NOW,
        fresh_id=lambda: "fresh",
    )

    assert one.id == other.id
    assert one.id != stranger.id


def test_a_proof_goes_with_its_command():
    """Beside the payload, so that the frame with a proof is the same command as the one without."""
    plain, proved = routed(frame("booking.create", CREATE)), routed(frame("booking.create", CREATE, proof="YWJj"))
    assert (plain.proof, proved.proof) == (None, "YWJj")
    assert plain.takes_proof
    assert proved.takes_proof
    assert (plain.id, fingerprint_message(plain)) == (proved.id, fingerprint_message(proved))


def test_what_a_client_understands_goes_with_its_command():
    """Beside the payload: a page that was reloaded since sends the same command."""
    data = {"text": "a"}
    plain, able = routed(frame("chat.send", data)), routed(frame("chat.send", data, capabilities=["progress"]))
    assert (plain.capabilities, able.capabilities) == ((), ("progress",))
    assert (plain.id, fingerprint_message(plain)) == (able.id, fingerprint_message(able))
    assert "capabilities" not in plain.model_dump_json()


@pytest.mark.parametrize("proof", ["", "not base64!", "YWJj\n", "A" * (MAX_PROOF_CHARACTERS + 1), 7, {}, ["YWJj"]])
def test_a_proof_that_is_none_is_refused(proof):
    """With the field and the kind of mistake, and no word of what was sent."""
    refused = routed(frame("booking.create", CREATE, proof=proof))
    assert (refused.code, refused.re) == (ErrorCode.BAD_FRAME, "a1")
    assert refused.detail.startswith("proof: ")


def test_other_commands_take_no_proof():
    """It is ignored like every field that is unknown."""
    command = routed(frame("booking.cancel", {"appointment_id": APPOINTMENT}, proof="not base64!"))
    assert not hasattr(command, "proof")
