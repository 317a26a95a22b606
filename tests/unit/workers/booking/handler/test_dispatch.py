"""How each booking command ends, failed ones included."""

from datetime import timedelta

import pytest

from shared.errors import PermanentError
from shared.messages.errors import ErrorCode

LEASE = timedelta(seconds=30)


async def claimed(world, command):
    return await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("timeout", ErrorCode.TIMEOUT),
        ("attempts_exhausted", ErrorCode.INTERNAL),
        ("calendar_access_revoked", ErrorCode.INTERNAL),
        ("bug", ErrorCode.INTERNAL),
    ],
)
async def test_a_failed_command_ends_with_one_durable_error(world, reason, code):
    """It is in the visitor's language; the reason is only for the owner."""
    command = world.create_command()
    await world.handler.give_up(command, await claimed(world, command), reason)

    [frame] = world.conversations.list_frames("session")
    assert (frame.re, frame.data.code, frame.data.retryable) == (command.client_id, code, True)
    assert reason not in frame.to_wire_text()
    assert world.poster.types("tab") == ["error"]
    assert world.claims.records[command.claim_key].done


async def test_a_failed_query_leaves_no_durable_error(world):
    """Only live connections get it."""
    command = world.command("slots")
    await world.handler.give_up(command, await claimed(world, command), "attempts_exhausted")

    assert world.frames() == []
    assert world.poster.frames("tab")[0]["data"]["code"] == "INTERNAL"
    assert world.claims.records[command.claim_key].done


async def test_a_command_that_is_delivered_again_repeats_its_outcome(world):
    """The stored frame is sent with its own number to every tab that is open now."""
    await world.create()
    [first] = world.poster.frames("tab")
    world.connections.open("session", "new tab")

    await world.handler.repeat_outcome(world.create_command(), 1)
    await world.handler.repeat_outcome(world.create_command(), None)

    assert world.poster.frames("new tab") == [first]
    assert world.appointments.writes == 1


async def test_a_refusal_is_reported_to_the_worker_core(world):
    """A refused command completes like any other, but the operator of a replay must see the code, also at a repeat."""
    commands = [
        (world.create_command(), None),
        (world.create_command(start="2026-01-13T03:00", client_id="c2"), "INVALID_TIME"),
        (world.command("slots", service="nothing", client_id="c3"), "UNKNOWN_SERVICE"),
    ]
    for command, code in commands:
        claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=timedelta(seconds=30))
        assert await world.handler.handle(command, claim) == code
    frames = world.conversations.texts["session"]
    sent = [await world.handler.repeat_outcome(world.create_command(), seq + 1) for seq in range(len(frames))]
    assert sent == [None, "INVALID_TIME"]
    assert await world.handler.repeat_outcome(world.create_command(), None) is None


async def test_another_command_under_the_same_id_is_refused_and_not_stored(world):
    """The id has its outcome already."""
    await world.handler.refuse_reused_id(world.create_command())

    assert world.poster.frames("tab")[0]["data"]["code"] == "BAD_FRAME"
    assert world.frames() == []


@pytest.mark.parametrize(("locale", "word"), [("en", "offer"), ("pl-PL", "Nie"), ("", "Nie"), (None, "Nie")])
async def test_a_refusal_is_in_the_language_of_the_newest_tab(world, locale, word):
    """If the tab requested none, the command's own language is used."""
    world.connections.open("session", "older", locale="en", at=world.clock.now() - timedelta(hours=1))
    world.connections.open("session", "tab", locale=locale)
    if not locale:
        del world.connections.rows["session", "older"]

    assert word in (await world.create(service="haircut")).data.message


async def test_an_unknown_business_fails_permanently(world):
    """There is no business to book with."""
    world.tenants.blocking.profiles.clear()

    with pytest.raises(PermanentError, match="salon-ania"):
        await world.create()


async def test_frames_contain_no_personal_data(world):
    """Neither the address nor a code is in any frame; only the visitor's own calendar file has their name."""
    appointment_id = await world.confirmed(name="Jan Nowak")
    await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")
    await world.send("cancel", appointment_id=appointment_id)

    sent = "".join(text for _, text in world.poster.posted)
    assert "jan@example.com" not in sent
    assert world.code(appointment_id) not in sent
