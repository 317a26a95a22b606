"""`chat.feedback`: what may be judged, what is stored, and what the visitor hears."""

import json
from datetime import timedelta

import pytest

from shared.conversations.judgements import Judgement
from shared.errors import PermanentError, TransientError
from shared.messages.limits import MAX_NOTE_CHARACTERS
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData, Error, ErrorData
from shared.trace import Trace
from tests.unit.api_gateway_ws.conftest import SPEAKER

ANSWER = ChatFinal(re="m1", data=ChatFinalData(text="We close at six."))
OTHERS = (
    ChatSent(re="m1", data=ChatSentData(text="When do you close?")),
    ChatFinal(data=ChatFinalData(text="I am Ania.", by="human")),
    ChatFinal(re="m2", data=ChatFinalData(text="", announces="is_read")),
    ChatFinal(re="m2", data=ChatFinalData(text="Staff answer.", announces="an announcement of another release")),
    Error(re="m3", data=ErrorData(code="TIMEOUT", retryable=True, message="Too late.")),
)
"""Frames that the assistant did not write."""


@pytest.fixture
def say(world):
    """Return a function that sends a `chat.feedback` and returns the answer as it goes over the wire."""

    def say(re_seq=1, verdict="down", **data):
        frame = {"v": 1, "type": "chat.feedback", "id": "f1", "data": {"re_seq": re_seq, "verdict": verdict, **data}}
        text = json.dumps(frame)
        return json.loads(
            world.ingress.answer_frame(text, SPEAKER, trace=Trace.begin(world.clock.now())).to_wire_text()
        )

    return say


@pytest.fixture
def judged(world):
    world.conversations.texts["session"] = [
        frame.with_seq(number).to_wire_text() for number, frame in enumerate((ANSWER, *OTHERS), start=1)
    ]
    return world.conversations.judged


def test_a_judgement_is_acknowledged_once_it_is_stored(world, say, judged):
    """It is with its answer, and on no queue, where it would wait behind an answer; a second one replaces it."""
    assert say(reason="  Wrong <b>price</b>.\n") == {"v": 1, "type": "ack", "re": "f1", "data": {"state": "accepted"}}
    assert judged == {("session", 1): ("salon-ania", Judgement("down", "Wrong <b>price</b>.", world.clock.now()))}

    world.clock.advance(timedelta(seconds=3))
    assert say(verdict="up")["type"] == "ack"
    assert judged == {("session", 1): ("salon-ania", Judgement("up", "", world.clock.now()))}
    assert (world.queue.commands, world.poster.posted) == ([], [])


def test_only_answers_of_the_assistant_are_judged(say, judged):
    """Not the visitor's own message, staff, an announcement, a refusal, or what is not there; the field is named."""
    for seq in (*range(2, len(OTHERS) + 2), len(OTHERS) + 2, 2**53 - 1):
        answer = say(re_seq=seq)
        assert (answer["type"], answer["re"]) == ("error", "f1"), seq
        assert (answer["data"]["code"], answer["data"]["retryable"]) == ("BAD_FRAME", False), seq
        assert answer["data"]["detail"] == "data.re_seq: no_answer", seq
    assert judged == {}


def test_a_frame_that_only_a_newer_release_knows_is_not_judged(world, say, judged):
    """Nobody knows whether it is an answer."""
    world.conversations.texts["session"][0] = '{"v":1,"type":"chat.video","seq":1,"data":{}}'

    assert say()["data"]["code"] == "BAD_FRAME"
    assert judged == {}


def test_another_sessions_answer_is_not_found(world, say, judged):
    """The session is that of the connection, whatever the frame says."""
    world.conversations.texts["another"] = world.conversations.texts.pop("session")

    assert say(session_id="another", tenant="other")["data"]["code"] == "BAD_FRAME"
    assert judged == {}


@pytest.mark.parametrize("error", [TransientError("throttled"), PermanentError("aws_403")])
def test_nothing_is_acknowledged_that_is_not_stored(world, say, judged, error):
    """The client may send the frame again: the error names it, and repeats nothing of the table."""
    world.judgements.errors = [error]

    answer = say()

    assert (answer["re"], answer["data"]["code"], answer["data"]["retryable"]) == ("f1", "INTERNAL", True)
    assert "throttled" not in json.dumps(answer)
    assert judged == {}


def test_hostile_and_huge_input_is_refused_with_a_code(say, judged):
    """Nothing of it is stored, and nothing is guessed from it."""
    refused = {
        "TOO_LARGE": [{"reason": "x" * (MAX_NOTE_CHARACTERS + 1)}, {"reason": "🕔" * (MAX_NOTE_CHARACTERS + 1)}],
        "BAD_FRAME": [
            *({"re_seq": seq} for seq in (0, -1, 1.0, "1", True, None, [1], 2**53, 10**400)),
            *({"verdict": verdict} for verdict in ("UP", "", None, 1, ["up"], "sideways")),
            *({"reason": reason} for reason in ("\x00", "a\x1b[2J", "\ud800", 7, None, {"a": 1})),
        ],
    }
    for code, cases in refused.items():
        for data in cases:
            answer = say(**data)
            assert (answer["type"], answer["data"]["code"], answer.get("re")) == ("error", code, "f1"), data
    assert judged == {}
    assert say(reason="x" * MAX_NOTE_CHARACTERS)["type"] == "ack"


def test_a_judgement_without_an_id_is_refused(world, judged):
    """Its acknowledgement could name nothing."""
    text = '{"v":1,"type":"chat.feedback","data":{"re_seq":1,"verdict":"up"}}'

    assert world.ingress.answer_frame(text, SPEAKER, trace=Trace.begin(world.clock.now())).data.code == "BAD_FRAME"
    assert judged == {}
