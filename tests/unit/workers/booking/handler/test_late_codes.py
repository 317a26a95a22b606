"""Another code is asked for while the last one could not be sent: an outage uses up no codes of the hold."""

import pytest

from shared.claims import CommandEnd
from shared.messages.errors import ErrorCode
from workers.booking.domain.decisions import MAX_CODE_NUMBER
from workers.booking.handler.queue_notices import derive_code_key


class Codes:
    """What has become of the codes: the same of all."""

    def __init__(self, end: CommandEnd):
        self.end, self.asked = end, []

    async def find_end(self, key):
        self.asked.append(key)
        return self.end


@pytest.mark.parametrize("tries", [1, 4])
async def test_a_code_under_way_is_not_replaced(new_world, tries):
    """However often another is asked for: the visitor hears that it is late, and how long the time is held."""
    codes = Codes("open")
    world = new_world(settings={"codes": codes})
    appointment_id = await world.held()
    hold = await world.appointment(appointment_id)
    for _ in range(tries):
        pending = await world.send("resend", appointment_id=appointment_id)
        assert (pending.type, pending.data.send_number, pending.data.code_late) == ("booking.pending", 1, True)
        assert pending.data.expires_at == hold.hold_expires_at
    assert await world.appointment(appointment_id) == hold
    # The same notice each time: it is sent once.
    assert {notice.id for notice in world.notices.delivered} == {derive_code_key(hold)} == set(codes.asked)


async def test_a_code_that_was_not_sent_does_not_count(new_world):
    """The next one has another number and needs no quota; three that were sent are still the limit."""
    codes = Codes("given_up")
    world = new_world(settings={"codes": codes})
    appointment_id = await world.held()
    for number in range(2, 6):
        pending = await world.send("resend", appointment_id=appointment_id)
        assert (pending.data.send_number, pending.data.code_late) == (number, False)
    codes.end = "carried_out"
    for number in (6, 7):
        assert (await world.send("resend", appointment_id=appointment_id)).data.send_number == number
    refused = await world.send("resend", appointment_id=appointment_id)
    assert (refused.data.code, refused.data.retryable) == (ErrorCode.RATE_LIMITED, False)
    code = world.code(appointment_id, number=7)
    assert (await world.send("verify", appointment_id=appointment_id, code=code)).type == "booking.confirmed"


async def test_codes_that_are_not_sent_have_an_end_too(new_world):
    """A provider that refuses everything is not asked for ever."""
    world = new_world(settings={"codes": Codes("given_up")})
    appointment_id = await world.held()
    numbers = [
        frame.data.send_number
        for frame in [await world.send("resend", appointment_id=appointment_id) for _ in range(MAX_CODE_NUMBER)]
        if frame.type == "booking.pending"
    ]
    assert numbers == list(range(2, MAX_CODE_NUMBER + 1))


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ({"capabilities": ["progress"]}, ("tab", "c1")),
        ({"capabilities": ["challenge"]}, None),
        ({}, None),
        ({"capabilities": ["progress"], "replay": 1}, None),
    ],
)
async def test_the_notice_says_who_waits(world, envelope, expected):
    """A client that understands it; nobody waits for a replay, and notices of today's clients are as before."""
    command = world.create_command(client_id="c1", envelope=envelope)
    await world.handle(command)
    [notice] = world.notices.delivered
    waiting = notice.waiting
    assert (waiting and (waiting.connection_id, waiting.client_id)) == expected
    assert ("waiting" in notice.model_dump_json()) is bool(expected)
