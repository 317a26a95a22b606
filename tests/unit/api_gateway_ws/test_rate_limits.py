"""What a visitor hears who is over a limit, and that a visitor of a busy page is not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from api_gateway_ws.authorizer import ConnectRequest
from api_gateway_ws.authorizer_events import authorize_event
from api_gateway_ws.ingress_events import serve_event
from api_gateway_ws.limits.session_windows import compute_burst
from shared.messages.server import ChatSent, ChatSentData
from shared.tenants.rate_limits import DEFAULTS
from shared.trace import Trace

TRACE = Trace(root="1-5759e988-bd862e3fe1be46a994272793", parent="53995c3f42cd8ad8", sampled=True)
ORIGIN = "https://salon.example"


def frame(kind="chat.send", client_id="a1", **data):
    return json.dumps({"v": 1, "type": kind, "id": client_id, "data": data or {"text": "Hello"}})


@pytest.fixture
def say(world, sender):
    """Return a function that sends one frame and returns the answer as it goes over the wire."""

    def say(text, whom=sender):
        answer = world.ingress.answer_frame(text, whom, trace=TRACE)
        return None if answer is None else json.loads(answer.to_wire_text())

    return say


def connect(world, number=0, **fields):
    plain = {"tenant": "salon-ania", "origin": ORIGIN, "token": None, "locale": None, "accept_language": None}
    return world.authorizer.authorize(ConnectRequest(**plain | {"source_ip": f"198.51.100.{number}"} | fields))


def test_a_frame_over_the_limit_is_refused_and_says_when_to_try_again(world, say):
    """It names the frame and is in the visitor's language; nothing is queued, so its id is free again."""
    answers = [say(frame(client_id=f"a{number}")) for number in range(20)]
    refused = answers[-1]
    assert [answer["type"] for answer in answers].count("ack") == len(world.queue.commands) == 8
    assert (refused["type"], refused["re"]) == ("error", "a19")
    assert (refused["data"]["code"], refused["data"]["retryable"]) == ("RATE_LIMITED", True)
    assert refused["data"]["message"] == "Too many attempts in a short time. Please wait a moment and try again."
    assert refused["data"]["retry_after_ms"] == 10_000

    world.clock.advance(timedelta(milliseconds=refused["data"]["retry_after_ms"]))
    assert say(frame(client_id="a19")) == {"v": 1, "type": "ack", "re": "a19", "data": {"state": "accepted"}}


@pytest.mark.parametrize("kind", ["session.end", "transcript.request"])
def test_ends_and_transcripts_count_as_commands(world, say, kind):
    """However often a page asks: beyond the limit of ten seconds nothing is queued."""
    for number in range(DEFAULTS["session.commands"]):
        say(json.dumps({"v": 1, "type": kind, "id": f"e{number}"}))
    assert 0 < len(world.queue.commands) == compute_burst(DEFAULTS["session.commands"])


def test_a_flood_costs_one_read_a_minute(world, say):
    """That of the visitor's language; a `hello` within the minute is heard at once."""
    for number in range(100):
        say(frame(client_id=f"a{number}"))
    assert world.sessions.locales_read == 1
    say(frame("hello", last_seq=0, locale="pl"))
    refused = say(frame(client_id="a100"))
    assert refused["data"]["message"].startswith("Za dużo prób")
    assert world.sessions.locales_read == 1
    world.clock.advance(timedelta(minutes=1))
    for number in range(100):
        say(frame(client_id=f"b{number}"))
    assert world.sessions.locales_read == 2


@pytest.mark.parametrize(
    ("text", "re"),
    [
        (frame(), "a1"),
        (frame("booking.slots"), "a1"),
        (frame("booking.verify", appointment_id="f" * 32, code="123456"), "a1"),
        (frame("chat.stop", id="a0"), "a1"),
        (frame("chat.feedback", re_seq=1, verdict="up"), "a1"),
        (frame("hello", last_seq=0), "a1"),
        (frame("ping"), "a1"),
        (frame("unknown"), "a1"),
        ("[]", None),
        (None, None),
    ],
)
def test_every_kind_of_frame_is_limited(say, text, re):
    """Also what is refused anyway, and what is answered without a table."""
    answers = [say(text) for _ in range(125)]
    last = answers[-1]
    assert (last["data"]["code"], last.get("re")) == ("RATE_LIMITED", re)
    assert answers[0] is None or answers[0]["data"].get("code") != "RATE_LIMITED"


@pytest.mark.soak
def test_two_thousand_messages_of_one_address_are_not_queued(world, say, sender):
    """Two hundred sessions of one address write ten messages each within twenty seconds."""
    for number in range(2000):
        say(frame(client_id=f"m{number}"), replace(sender, session_id=f"s{number % 200}"))
        world.clock.advance(timedelta(milliseconds=10))
    assert len(world.queue.commands) <= DEFAULTS["address.chats"]


@pytest.mark.soak
def test_two_thousand_messages_of_many_addresses_are_not_queued(world, say, sender):
    """As many from as many addresses: what the business may have a minute, whoever writes."""
    for number in range(2000):
        whom = replace(sender, session_id=f"s{number}", source_ip=f"198.51.{number % 250}.{number // 250}")
        say(frame(client_id=f"m{number}"), whom)
        world.clock.advance(timedelta(milliseconds=10))
    assert len(world.queue.commands) <= DEFAULTS["business.chats"]


async def test_hellos_bring_back_only_so_much(world, say):
    """Each is answered by the whole conversation, of thirty kilobytes here."""
    for number in range(10):
        claim = await world.claims.claim(f"key{number}", fingerprint="f", lease=timedelta(seconds=30))
        text = ChatSent(re=f"old{number}", data=ChatSentData(text="x" * 3000))
        await world.conversations.append("session", text, claim=claim, marker="sent")
    answers = [say(frame("hello", f"h{number}", last_seq=0)) for number in range(10)]
    assert [answer["data"]["code"] for answer in answers if answer] == ["RATE_LIMITED"] * 4
    assert len(world.poster.frames("connection")) == 6 * 11


def test_a_visitor_with_several_tabs_is_not_limited(world, say, sender):
    """Three come back at once after an outage, send what they kept, and look up visits and times; then one pages."""
    tabs = [replace(sender, connection_id=f"tab{number}") for number in range(3)]
    answers = []
    for tab in tabs:
        answers.append(say(frame("hello", "h1", last_seq=0), tab))
        answers += [say(frame(client_id=f"{tab.connection_id}-{number}"), tab) for number in range(2)]
        answers += [say(frame("booking.lookup", appointment_id=f"{number:032x}"), tab) for number in range(3)]
    for _ in range(12):
        world.clock.advance(timedelta(seconds=1))
        answers.append(say(frame("booking.slots", service="massage")))
    assert not [answer for answer in answers if answer and answer["type"] == "error"]


@pytest.mark.soak
def test_everybody_may_come_back_within_a_minute(world, say, sender):
    """A thousand visitors of a business, and two hundred of them from one office, reconnect and say hello."""
    refused = 0
    for number in range(1000):
        address = "192.0.2.7" if number < 200 else f"198.51.{number % 250}.{number // 250}"
        grant = connect(world, source_ip=address)
        whom = replace(sender, session_id=grant.session_id, source_ip=address, limited_until=grant.limited_until)
        refused += say(frame("hello", "h1", last_seq=0), whom) is not None
        world.clock.advance(timedelta(milliseconds=50))
    assert refused == 0


async def test_a_connection_over_the_limit_is_admitted_but_not_registered(world, say, sender):
    """Its frames are refused on the open socket, without any write, until the time comes to try again."""
    grants = [connect(world, number=7) for _ in range(DEFAULTS["address.connects"] + 1)]
    assert [grant.limited_until is None for grant in grants].count(False) == 1
    limited = replace(sender, source_ip="198.51.100.7", limited_until=grants[-1].limited_until)
    world.ingress.register_connection(limited)
    writes = world.counters.calls
    for text in (frame("hello", "h1"), frame(), frame("ping")):
        refused = say(text, limited)
        assert refused["data"]["code"] == "RATE_LIMITED"
    assert await world.connections.list_connections("session") == []
    assert world.counters.calls == writes

    world.clock.advance(timedelta(milliseconds=refused["data"]["retry_after_ms"]))
    assert say(frame("hello", "h1"), limited) is None
    assert len(await world.connections.list_connections("session")) == 1


async def test_a_limited_connection_is_refused_as_long_as_its_session_is(world, say, sender):
    """The retry that the refusal allows succeeds, and the visitor has the session that the token names."""
    token = world.tokens.issue("salon-ania", "session", world.clock.now())
    grants = [connect(world, token=token) for _ in range(9)]
    assert [grant.limited_until is not None for grant in grants] == [False] * 8 + [True]
    assert {grant.session_id for grant in grants} == {"session"}
    limited = replace(sender, limited_until=grants[-1].limited_until)
    refused = say(frame("hello", "h1", last_seq=0), limited)
    assert (refused["data"]["code"], refused["re"]) == ("RATE_LIMITED", "h1")
    assert await world.connections.list_connections("session") == []

    world.clock.advance(timedelta(milliseconds=refused["data"]["retry_after_ms"]))
    assert say(frame("hello", "h2", last_seq=0), limited) is None
    assert world.poster.frames("connection")[0]["data"]["session_id"] == "session"
    writes = world.counters.calls
    assert say(frame(), limited)["type"] == "ack"
    assert world.counters.calls == writes + 1


def test_a_flood_of_an_address_is_denied_but_nobody_who_returns(world):
    """What goes on after the limit gets no connection; a visitor behind the same address keeps the session."""
    grants = [connect(world, number=7) for _ in range(400)]
    assert grants[-1] is None
    assert all(grants[: DEFAULTS["address.connects"] + 50])
    token = world.tokens.issue("salon-ania", "session", world.clock.now())
    returning = connect(world, number=7, token=token)
    assert (returning.session_id, returning.resume, returning.limited_until > world.clock.now()) == (
        "session",
        "ok",
        True,
    )
    assert connect(world, number=8).limited_until is None
    assert connect(world, number=7, token="forged") is None


def event(kind, sender, **context):
    grant = {"tenant": sender.tenant, "session_id": sender.session_id, "resume": "new", "locale": "en"} | context
    request = {"eventType": kind, "connectionId": "c1", "identity": {"sourceIp": sender.source_ip}, "authorizer": grant}
    return {"requestContext": request | {"connectedAt": 1_768_219_200_000}}


def test_a_disconnect_makes_room_for_its_address(world, sender):
    """One that was limited and never registered counted nothing, so it makes none."""
    world.profiles.profiles["salon-ania"] = world.build_profile(limits={"rates": {"address": {"connections": 2}}})

    def is_admitted():
        return connect(world, source_ip=sender.source_ip).limited_until is None

    assert [is_admitted() for _ in range(3)] == [True, True, False]
    serve_event(event("DISCONNECT", sender, limited_until="1768219200000"), world.ingress)
    assert not is_admitted()
    serve_event(event("DISCONNECT", sender), world.ingress)
    assert [is_admitted() for _ in range(2)] == [True, False]


def test_the_limits_of_the_business_come_with_the_grant(world, say, sender):
    """So the ingress reads no profile for a frame."""
    world.profiles.profiles["salon-ania"] = world.build_profile(limits={"rates": {"session": {"chats": 5}}})
    query = {"tenant": "salon-ania"}
    policy = authorize_event(
        {"methodArn": "arn", "headers": {"Origin": ORIGIN}, "queryStringParameters": query}, world.authorizer
    )
    assert policy["context"]["rates"] == "session.chats=5"
    world.profiles.error = AssertionError("read")
    message = event("MESSAGE", sender, rates=policy["context"]["rates"]) | {"body": frame()}
    answers = [serve_event(message, world.ingress)["body"] for _ in range(4)]
    assert ["RATE_LIMITED" in answer for answer in answers] == [False, False, True, True]


def test_a_binary_frame_is_a_bad_frame(world, sender):
    """It comes as base64, which nobody wrote; it is not queued as a message."""
    message = event("MESSAGE", sender) | {"body": "SGVsbG8=", "isBase64Encoded": True}
    answer = json.loads(serve_event(message, world.ingress)["body"])
    assert (answer["data"]["code"], answer["data"]["detail"]) == ("BAD_FRAME", "the frame is not text")
    assert world.queue.commands == []


def test_a_connection_of_the_release_before_is_served(world, sender):
    """Its grant has neither limits nor a time, and its events may lack what is not needed."""
    message = event("MESSAGE", sender) | {"body": frame(), "isBase64Encoded": False}
    del message["requestContext"]["connectedAt"]
    assert json.loads(serve_event(message, world.ingress)["body"])["type"] == "ack"
    message["requestContext"]["eventType"] = "DISCONNECT"
    assert serve_event(message, world.ingress) == {"statusCode": 200}
