"""How every booking command ends, also the ones that fail."""

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
async def test_a_command_that_failed_for_good_ends_with_a_word(world, reason, code):
    """One durable error in the visitor's language; why it failed is for the owner alone."""
    command = world.create_command()
    await world.handler.give_up(command, await claimed(world, command), reason)

    [frame] = world.conversations.of("session")
    assert (frame.re, frame.data.code, frame.data.retryable) == (command.client_id, code, True)
    assert reason not in frame.wire()
    assert world.poster.types("tab") == ["error"]
    assert world.claims.records[command.claim_key].done


async def test_a_question_that_failed_leaves_no_durable_error(world):
    """It is said to whoever listens now."""
    command = world.command("slots")
    await world.handler.give_up(command, await claimed(world, command), "attempts_exhausted")

    assert world.frames() == []
    assert world.poster.frames("tab")[0]["data"]["code"] == "INTERNAL"
    assert world.claims.records[command.claim_key].done


async def test_a_command_that_is_delivered_again_repeats_its_outcome(world):
    """The stored frame, with its own number, to every tab that is open now."""
    await world.create()
    [first] = world.poster.frames("tab")
    world.connections.open("session", "new tab")

    await world.handler.repeat(world.create_command(), 1)
    await world.handler.repeat(world.create_command(), None)

    assert world.poster.frames("new tab") == [first]
    assert world.appointments.writes == 1


async def test_a_no_is_named_to_the_core(world):
    """What is refused ends like what is done, but whoever replayed it has to see the difference; at a repeat, too."""
    commands = [
        (world.create_command(), None),
        (world.create_command(start="2026-01-13T03:00", client_id="c2"), "INVALID_TIME"),
        (world.command("slots", service="nothing", client_id="c3"), "UNKNOWN_SERVICE"),
    ]
    for command, code in commands:
        claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=timedelta(seconds=30))
        assert await world.handler.handle(command, claim) == code
    frames = world.conversations.texts["session"]
    said = [await world.handler.repeat(world.create_command(), seq + 1) for seq in range(len(frames))]
    assert said == [None, "INVALID_TIME"]
    assert await world.handler.repeat(world.create_command(), None) is None


async def test_another_command_under_the_same_id_is_refused_without_a_trace(world):
    """The id has its outcome already."""
    await world.handler.mismatch(world.create_command())

    assert world.poster.frames("tab")[0]["data"]["code"] == "BAD_FRAME"
    assert world.frames() == []


@pytest.mark.parametrize(("locale", "word"), [("en", "offer"), ("pl-PL", "Nie"), ("", "Nie"), (None, "Nie")])
async def test_a_refusal_is_in_the_language_of_the_newest_tab(world, locale, word):
    """Where it asked for none, the command's own language stands."""
    world.connections.open("session", "older", locale="en", at=world.clock.now() - timedelta(hours=1))
    world.connections.open("session", "tab", locale=locale)
    if not locale:
        del world.connections.rows["session", "older"]

    assert word in (await world.create(service="haircut")).data.message


async def test_an_unknown_business_fails_for_good(world):
    """There is nobody to book with."""
    world.tenants.blocking.profiles.clear()

    with pytest.raises(PermanentError, match="salon-ania"):
        await world.create()


async def test_nothing_personal_is_said_back(world):
    """Neither the address nor a code stands in any frame; the calendar file names the visitor to themselves."""
    appointment_id = await world.confirmed(name="Jan Nowak")
    await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")
    await world.send("cancel", appointment_id=appointment_id)

    said = "".join(text for _, text in world.poster.posted)
    assert "jan@example.com" not in said
    assert world.code(appointment_id) not in said
