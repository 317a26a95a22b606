"""Frames made from the schema, of visitors of two businesses: nobody reaches the session of another."""

from datetime import timedelta

import pytest

from api_gateway_ws.authorizer import ConnectRequest
from api_gateway_ws.sender import Sender
from shared.ids import derive_command_key
from shared.messages.commands import COMMAND
from shared.messages.server import SERVER_FRAME
from shared.trace import Trace
from tests.unit.api_gateway_ws.schema_frames import SchemaFrames

TRACE = Trace(root="1-5759e988-bd862e3fe1be46a994272793", parent="53995c3f42cd8ad8", sampled=True)
ANIA = Sender(tenant="salon-ania", session_id="session-of-ania", connection_id="tab-a", locale="en")
BEA = Sender(tenant="other", session_id="session-of-bea", connection_id="tab-b", locale="pl")
COUNTS = pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.soak)], ids=["short", "long"])


def list_secrets(world, sender):
    """Return what only the visitor's own session may name: as an id, an address or a token in somebody else's frame."""
    token = world.tokens.issue(sender.tenant, sender.session_id, world.clock.now())
    command = derive_command_key(sender.tenant, sender.session_id, "c1")
    return [sender.session_id, sender.connection_id, sender.tenant, token, command]


@COUNTS
def test_no_frame_reaches_another_session(world, count):
    """Each becomes a frame of the protocol or a command of its own session; what one names of another is data."""
    for seed, (sender, other) in enumerate([(ANIA, BEA), (BEA, ANIA)]):
        frames = SchemaFrames(seed, list_secrets(world, other))
        kinds = set()
        for _ in range(count // 2):
            world.clock.advance(timedelta(seconds=10))  # within the rate limits
            commands_before, text = len(world.queue.commands), frames.draw()
            answer = world.ingress.answer_frame(text, sender, trace=TRACE)
            if answer is not None:
                wire = answer.to_wire_text()
                SERVER_FRAME.validate_json(wire)
                assert not any(
                    secret in wire and secret not in text for secret in (other.session_id, other.connection_id)
                )
                kinds.add(answer.type)
            for command in world.queue.commands[commands_before:]:
                COMMAND.validate_json(command.model_dump_json())
                assert (command.tenant, command.session_id) == (sender.tenant, sender.session_id), text
                own_key = derive_command_key(sender.tenant, sender.session_id, command.client_id)
                assert command.id == own_key or command.type in {"booking.slots", "booking.lookup"}
        assert {"ack", "error", "pong"} <= kinds
    assert {row[0] for row in world.connections.rows} <= {ANIA.session_id, BEA.session_id}
    for sender in (ANIA, BEA):
        posted = world.poster.frames(sender.connection_id)
        assert {frame["data"]["session_id"] for frame in posted} == {sender.session_id}


@COUNTS
def test_no_token_opens_another_session(world, count):
    """Whatever is combined: a session is resumed with its own business's token alone, from that business's page."""
    tokens = {
        (sender.tenant, sender.session_id): world.tokens.issue(sender.tenant, sender.session_id, world.clock.now())
        for sender in (ANIA, BEA)
    }
    whole = list(tokens.values())
    frames = SchemaFrames(7, whole)
    choose = frames._random
    origins = [
        *["https://salon.example"] * 5,
        "https://evil.example",
        "null",
        "",
        None,
        "https://salon.example.evil.example",
    ]
    resumed = 0
    for _ in range(count):
        token = choose.choice(whole)
        if choose.random() < 0.6:
            other, cut = choose.choice(whole), choose.randrange(len(token))
            token = choose.choice(
                [token[:cut], token[:cut] + other[cut:], token + other, f"{token}=", other.rpartition(".")[0] + token]
            )
        tenant = choose.choice([*["salon-ania"] * 6, "other", "nobody", "salon-ania ", "SALON-ANIA", "../other", ""])
        grant = world.authorizer.authorize(ConnectRequest(tenant, choose.choice(origins), token, None, None))
        if grant is not None and grant.resume == "ok":
            resumed += 1
            assert tokens[grant.tenant, grant.session_id] == token
            assert grant.tenant == tenant == "salon-ania"
    assert resumed
