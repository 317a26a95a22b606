"""An attacker books in a stranger's name and tries to get more guesses at the code than are allowed."""

import asyncio
import json
import random
import re
from collections import Counter

import pytest
import structlog

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from workers.booking.adapters.appointment_item import appointment_to_item
from workers.booking.domain.decisions import MAX_CODES_PER_HOLD, MAX_WRONG_CODES
from workers.booking.domain.values import AppointmentState

MOVES = 60
TIMES = [f"2026-01-{day}T{hour}:00" for day in range(13, 17) for hour in range(10, 16)]


class Attacker:
    """Knows the appointment's id, its session and every code but the valid one, so that its chance hits are excluded.

    A guess is *evaluated* when its answer tells something: that it was wrong, or that the appointment stands.
    """

    def __init__(self, world, seed):
        self.world = world
        self.random = random.Random(seed)
        self.appointment_id = ""
        self.evaluated = Counter()

    async def book(self, start=None):
        """Request a time, the same as before or another, in the name of the same stranger or another."""
        start = start or self.random.choice(TIMES)
        contact = f"stranger-{self.random.randrange(3)}@example.com"
        answer = await self.persist("create", start=start, contact=contact, service="massage")
        if answer.type == "booking.pending":
            self.appointment_id = answer.data.appointment_id

    async def guess(self):
        """Try one code: one that has been sent, the next one, or any number."""
        held = await self.world.appointment(self.appointment_id)
        known = [self.world.code(self.appointment_id, number) for number in range(MAX_CODES_PER_HOLD + 3)]
        wrong = [code for number, code in enumerate(known) if number != held.code_sends]
        guess = self.random.choice([*wrong, f"{self.random.randrange(10**6):06}"])
        if guess == known[held.code_sends]:
            return  # Chance hits are counted elsewhere.
        answer = await self.persist("verify", appointment_id=self.appointment_id, code=guess)
        if answer.type == "error" and answer.data.code == ErrorCode.CODE_INVALID:
            self.evaluated[self.appointment_id] += 1

    async def burst(self):
        """Send many guesses concurrently, as if no queue kept the order."""
        await asyncio.gather(*(self.guess() for _ in range(self.random.randint(2, 8))))

    async def resend(self):
        await self.persist("resend", appointment_id=self.appointment_id)

    async def move(self):
        await self.persist("reschedule", appointment_id=self.appointment_id, start=self.random.choice(TIMES))

    async def persist(self, kind, **data):
        """Handle a command, with as many attempts as the queue allows."""
        command = self.world.command(kind, **data)
        for _ in range(50):
            try:
                return await self.world.handle(command)
            except TransientError:
                await asyncio.sleep(0)
        raise AssertionError("the command never came to an end")


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(25))
async def test_nobody_gets_more_than_five_guesses_a_hold(new_world, seed):
    """With any mix of new codes, moves, new requests and concurrent guesses."""
    world = new_world()
    attacker = Attacker(world, seed)
    await attacker.book(TIMES[0])
    moves = [attacker.guess] * 4 + [attacker.burst] * 2 + [attacker.resend, attacker.move, attacker.book]
    for _ in range(MOVES):
        await attacker.random.choice(moves)()

    assert attacker.evaluated
    assert max(attacker.evaluated.values()) <= MAX_WRONG_CODES
    for (appointment_id, _), row in world.appointments.rows.items():
        assert row.state is not AppointmentState.CONFIRMED
        assert row.code_attempts == attacker.evaluated[appointment_id]


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_sixth_guess_does_not_count_even_if_it_is_right(world, at_once):
    """Wrong codes and the right one arrive concurrently in any order: at most five of them are checked."""
    attacker = Attacker(world, 1)
    await attacker.book(TIMES[0])
    appointment_id = attacker.appointment_id
    right = world.code(appointment_id)
    wrong = [f"{(int(right) + step) % 10**6:06}" for step in range(1, 8)]
    guesses = [
        attacker.persist("verify", appointment_id=appointment_id, code=code) for code in [*wrong[:5], right, *wrong[5:]]
    ]
    answers = await asyncio.gather(*guesses) if at_once else [await guess for guess in guesses]

    codes = Counter(answer.data.code if answer.type == "error" else answer.type for answer in answers)
    if at_once and codes["booking.confirmed"]:
        # The right code was among the first five to be stored: every later guess gets the same confirmation.
        assert codes[ErrorCode.CODE_INVALID] < MAX_WRONG_CODES
    else:
        assert codes == {ErrorCode.CODE_INVALID: MAX_WRONG_CODES, ErrorCode.TOO_MANY_ATTEMPTS: 3}


async def test_a_code_is_only_in_its_message(world):
    """It is not on the queue, in a table, in a frame or in a log, whatever happens to the hold."""
    with structlog.testing.capture_logs() as lines:
        appointment_id = await world.held()
        codes = [world.code(appointment_id, number) for number in range(1, MAX_CODES_PER_HOLD + 2)]
        for code in codes[1:]:
            await world.send("verify", appointment_id=appointment_id, code=code)
        await world.send("resend", appointment_id=appointment_id)
        await world.send("verify", appointment_id="0" * 32, code=codes[1])
        rows = [json.dumps(appointment_to_item(row)) for row in world.appointments.rows.values()]
        await world.send("verify", appointment_id=appointment_id, code=codes[1])
        rows += [json.dumps(appointment_to_item(row)) for row in world.appointments.rows.values()]

    frames = [frame.to_wire_text() for frame in world.conversations.list_frames("session")]
    assert frames[-1].find("booking.confirmed") > 0
    written = "\n".join([*world.notices.bodies, *rows, *frames, *map(str, lines)])
    # With a digit or a hexadecimal character on either side it is part of an id.
    assert [code for code in codes if re.search(rf"(?<![0-9a-z]){code}(?![0-9a-z])", written)] == []
    assert "notice.code" in written
