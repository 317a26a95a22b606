"""What a connection hears, and what goes on the queues."""

import json
from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.ids import derive_command_key
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatSent, ChatSentData
from shared.refusal_texts import render_refusal
from shared.trace import Trace

LEASE = timedelta(seconds=30)
TRACE = Trace(root="1-5759e988-bd862e3fe1be46a994272793", parent="53995c3f42cd8ad8", sampled=True)


def send(text="Hello", client_id="a1"):
    return json.dumps({"v": 1, "type": "chat.send", "id": client_id, "data": {"text": text}})


def hello(**data):
    return json.dumps({"v": 1, "type": "hello", "id": "h1", "data": data})


@pytest.fixture
def say(world, sender):
    """Return a function that sends one frame and returns the answer as it goes over the wire."""

    def say(text):
        answer = world.ingress.answer_frame(text, sender, trace=TRACE)
        return None if answer is None else json.loads(answer.to_wire_text())

    return say


async def store(world, *texts):
    for number, text in enumerate(texts):
        claim = await world.claims.claim(f"key{number}", fingerprint="f", lease=LEASE)
        frame = ChatSent(re=f"old{number}", data=ChatSentData(text=text))
        await world.conversations.append("session", frame, claim=claim, marker="sent")


def test_a_command_is_acknowledged_once_it_is_on_the_queue(world, say):
    """The ack names the frame that is safe now, and the command carries the trace."""
    assert say(send()) == {"v": 1, "type": "ack", "re": "a1", "data": {"state": "accepted"}}
    [command] = world.queue.commands
    assert (command.data.text, command.trace, command.accepted_at) == (
        "Hello",
        TRACE.header,
        world.clock.now(),
    )


def test_a_frame_that_is_sent_again_is_acknowledged_again_and_delivered_once(world, say):
    """A client that heard no ack sends the same id; another text under it is for the worker to refuse."""
    assert say(send()) == say(send())
    assert len(world.queue.commands) == 1

    assert say(send("Something else"))["type"] == "ack"
    assert len(world.queue.commands) == 2


@pytest.mark.parametrize("error", [TransientError("throttled"), PermanentError("aws_403")])
def test_nothing_is_acknowledged_that_is_not_on_the_queue(world, say, error):
    """The client keeps the command and may send it again: the error says so and names it."""
    world.queue.error = error

    answer = say(send())

    assert (answer["type"], answer["re"]) == ("error", "a1")
    assert (answer["data"]["code"], answer["data"]["retryable"]) == ("INTERNAL", True)
    assert "throttled" not in json.dumps(answer)


def test_a_question_for_free_times_is_not_acknowledged(world, say):
    """Its answer says all, and a lost question is asked again."""
    assert say('{"v":1,"type":"booking.slots","id":"a1"}') is None
    assert len(world.queue.commands) == 1


def test_a_ping_is_answered_without_any_table(world, say):
    """It keeps the connection open, whatever else is broken."""
    world.queue.error = world.sessions.error = world.profiles.error = TransientError("all is down")

    assert say('{"v":1,"type":"ping","id":"p1"}') == {"v": 1, "type": "pong", "re": "p1", "data": {}}
    assert say('{"v":1,"type":"ping"}') == {"v": 1, "type": "pong", "data": {}}


async def test_a_stop_is_a_flag_and_never_queued(world, say):
    """It must not wait behind the answer that it should end; the worker watches the command's own key."""
    assert say('{"v":1,"type":"chat.stop","data":{"id":"a1"}}') is None

    assert world.queue.commands == []
    assert await world.claims.is_stop_requested(derive_command_key("salon-ania", "session", "a1"))
    assert not await world.claims.is_stop_requested(derive_command_key("salon-ania", "another", "a1"))


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("{", "BAD_FRAME", None),
        ("x" * 30_000, "TOO_LARGE", None),
        ('{"v":1,"type":"dance","id":"d1"}', "UNSUPPORTED_TYPE", "d1"),
        ('{"v":1,"type":"ping","id":"\\ud800"}', "BAD_FRAME", None),
        ("\ud800", "BAD_FRAME", None),
    ],
)
def test_a_refusal_is_worded_for_the_visitor(world, say, text, code, named):
    """It is said in the visitor's language, names the frame if it can, and leaves nothing behind."""
    answer = say(text)

    assert (answer["type"], answer.get("re"), answer["data"]["code"]) == ("error", named, code)
    assert answer["data"]["message"].isascii()
    assert world.queue.commands == []
    assert world.poster.posted == []


def test_a_refusal_follows_the_language_of_the_hello(world, say):
    """What the visitor asked for on this connection counts more than what the browser or the business speaks."""
    say(hello(locale="pl"))

    assert say("{")["data"]["message"] == render_refusal(ErrorCode.BAD_FRAME, "pl")
    world.sessions.error = TransientError("throttled")
    assert say("{")["data"]["message"] == render_refusal(ErrorCode.BAD_FRAME, "en")


async def test_hello_is_welcomed_first_and_then_hears_what_it_missed(world, say):
    """The welcome comes before every frame after `last_seq`, and those come in order."""
    await store(world, "one", "two", "three")

    assert say(hello(last_seq=1, locale="pl-PL", tz="Europe/Warsaw")) is None

    welcome, *frames = world.poster.frames("connection")
    assert (welcome["type"], welcome["re"], welcome["data"]["resume"]) == ("welcome", "h1", "new")
    assert "seq" not in welcome
    assert [(frame["seq"], frame["data"]["text"]) for frame in frames] == [(2, "two"), (3, "three")]


@pytest.mark.parametrize(("last_seq", "heard"), [(0, [1, 2]), (2, []), (99, [])])
async def test_hello_says_how_much_the_client_has(world, say, last_seq, heard):
    """All of it, nothing, or more than there ever was."""
    await store(world, "one", "two")
    say(hello(last_seq=last_seq))

    assert [frame["seq"] for frame in world.poster.frames("connection")[1:]] == heard


def test_the_welcome_carries_what_the_client_needs(world, say, make_profile):
    """A token that resumes this very session, the limits, and that it talks to an AI, in its language."""
    world.profiles.profiles["salon-ania"] = make_profile(limits={"chat_characters": 500})
    say(hello(locale="pl"))

    [welcome] = world.poster.frames("connection")
    data = welcome["data"]
    resumed = world.tokens.verify(data["session"], "salon-ania", world.clock.now())
    assert resumed.session_id == data["session_id"] == "session"
    assert data["limits"] == {"frame_bytes": 24 * 1024, "chat_characters": 500}
    assert "asystentem AI" in data["disclosure"]


async def test_a_connection_that_goes_during_the_replay_ends_it(world, say):
    """The rest waits for the next hello; nothing is read that nobody hears."""
    await store(world, "one", "two", "three")

    world.poster.posts_before_gone["connection"] = 2
    assert say(hello()) is None

    assert world.poster.types("connection") == ["welcome", "chat.sent"]
    assert world.sessions.frames_read == 2


async def test_a_connection_that_is_gone_hears_nothing_at_all(world, say):
    """Not even the frames are read."""
    await store(world, "one")
    world.poster.gone.add("connection")

    assert say(hello()) is None
    assert world.sessions.frames_read == 0


def test_a_removed_business_is_refused(world, say):
    """Its page has to be loaded anew."""
    del world.profiles.profiles["salon-ania"]

    assert say(hello())["data"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("role", ["sessions", "profiles"])
def test_an_error_during_a_hello_can_be_retried(world, say, role):
    """The client says hello again."""
    getattr(world, role).error = TransientError("throttled")

    assert (say(hello())["data"]["code"], say(hello())["data"]["retryable"]) == ("INTERNAL", True)


async def test_a_partial_history_does_not_look_complete(world, say):
    """When a post fails in the middle, the hello itself is answered with an error, so that the client repeats it."""
    await store(world, "one", "two")
    posted = world.poster.post_now

    def failing(connection_id, text):
        if len(world.poster.posted) == 2:
            raise TransientError("throttled")
        return posted(connection_id, text)

    world.poster.post_now = failing
    answer = say(hello())

    assert (answer["re"], answer["data"]["code"], answer["data"]["retryable"]) == ("h1", "INTERNAL", True)


async def test_connections_come_and_go_and_the_session_stays(world, sender):
    """Between connect and disconnect workers find the connection, with the language of its hello."""
    world.ingress.register_connection(sender)
    assert [one.connection_id for one in await world.connections.list_connections("session")] == ["connection"]

    world.ingress.answer_frame(hello(locale="pl", tz="Europe/Warsaw"), sender, trace=TRACE)
    [connection] = await world.connections.list_connections("session")
    assert (connection.locale, connection.tz) == ("pl", "Europe/Warsaw")

    world.ingress.remove_connection(sender)
    world.ingress.remove_connection(sender)
    assert await world.connections.list_connections("session") == []


def test_nothing_is_posted_while_connecting(world, sender):
    """API Gateway answers 410 until the connection is established."""
    world.ingress.register_connection(sender)

    assert world.poster.posted == []
