"""From a letter to the failure that it is, whatever it says about itself."""

import json
from datetime import UTC, datetime

import pytest

from tests.fakes.clock import NOON
from tests.unit.workers.failures.conftest import DECODERS, body_of, copied, delivery
from workers.failures.domain import as_if_of_this_version, failure_of, waiting


def read(letter, *, queue="booking", message=None):
    return failure_of(letter, queue=queue, message=message, now=NOON)


def decoded(kind="booking.create", **changes):
    queue = "chat" if kind == "chat.send" else "booking"
    return DECODERS[queue].decode(body_of(kind, **changes))


def test_our_own_copy_says_all_there_is_to_say():
    """Reason, error, attempts and group come from the copy, the rest from the message that was copied."""
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    letter = delivery(body_of(), attributes=copied(), trace=trace, group="none")
    failure = read(letter, message=decoded())
    assert (failure.reason, failure.error, failure.attempts) == ("calendar_access_revoked", "the key is refused", 1)
    assert (failure.queue, failure.group, failure.payload) == ("booking", "s1", letter.body)
    assert (failure.type, failure.tenant, failure.session_id, failure.command_id) == (
        "booking.create",
        "salon",
        "s1",
        "k1",
    )
    assert failure.trace == "1-5759e988-bd862e3fe1be46a994272793"
    assert failure.first_at == failure.last_at == datetime(2026, 1, 12, 12, tzinfo=UTC)
    assert failure.replays == 0


def test_what_the_queue_moved_by_itself_says_nothing():
    """The reason is that nobody gave one."""
    failure = read(delivery(body_of(), group="s1"), message=decoded())
    assert (failure.reason, failure.error, failure.attempts, failure.group) == ("receives_exhausted", "", 0, "s1")


def test_a_command_is_one_failure_whatever_its_letters():
    """Original, replays and copies made twice have one id; another queue, or another command, has another."""
    first = read(delivery(body_of()), message=decoded())
    copy = read(delivery(body_of(), message_id="m2", attributes=copied()), message=decoded(replay=3))
    assert copy.failure_id == first.failure_id
    assert copy.replays == 3
    assert read(delivery(), message=decoded(key="k2")).failure_id != first.failure_id
    assert read(delivery(), queue="chat", message=decoded()).failure_id != first.failure_id


def test_what_cannot_be_read_is_told_apart_by_the_message_that_it_was():
    """A copy that is made once more after a crash is the same failure."""
    first = read(delivery("no json", message_id="m5", attributes=copied(message_id="m1")))
    again = read(delivery("no json", message_id="m6", attributes=copied(message_id="m1")))
    other = read(delivery("no json", message_id="m7", attributes=copied(message_id="m2")))
    moved = read(delivery("no json", message_id="m1"))
    assert first.failure_id == again.failure_id == moved.failure_id != other.failure_id
    assert (first.type, first.tenant, first.session_id, first.command_id) == (None, None, None, None)


@pytest.mark.parametrize(
    ("said", "number"), [({}, 0), ({"replay": 3}, 3), ({"replay": 3, "version": 99, "data": {"hidden": True}}, 3)]
)
def test_what_another_release_reads_is_the_failure_that_it_is_there(said, number):
    """A replay of it that fails again is no second failure, and one that works is found by whoever notes it."""
    command = read(delivery(body_of()), message=decoded())
    unread = read(delivery(json.dumps({"id": "k1", "tenant": "salon"} | said), message_id="m9"))
    assert (unread.failure_id, unread.replays, unread.command_id) == (command.failure_id, number, "k1")


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ({}, ("salon", "s1", "booking.create")),
        ({"id": 7}, ("salon", "s1", "booking.create")),
        ({"type": "booking.of_tomorrow"}, ("salon", "s1", "booking.of_tomorrow")),
        ({"tenant": "no"}, (None, "s1", "booking.create")),
        ({"tenant": "Salon"}, (None, "s1", "booking.create")),
        ({"tenant": "salon\n"}, (None, "s1", "booking.create")),
        ({"tenant": ["salon"]}, (None, "s1", "booking.create")),
        ({"session_id": "s" * 101}, ("salon", None, "booking.create")),
        ({"session_id": "a b"}, ("salon", None, "booking.create")),
        ({"session_id": 7}, ("salon", None, "booking.create")),
        ({"type": "booking"}, ("salon", "s1", None)),
        ({"type": "booking.create\n"}, ("salon", "s1", None)),
        ({"type": "<script>.x"}, ("salon", "s1", None)),
        ({"type": "a." + "b" * 41}, ("salon", "s1", None)),
        ({"type": 7}, ("salon", "s1", None)),
        ({"tenant": None, "session_id": None, "type": None}, (None, None, None)),
    ],
)
def test_what_cannot_be_read_says_whose_it_is(said, believed):
    """Its owner has to find it; what can't be a tenant, a session or a type is taken for none."""
    unread = read(delivery(body_of(**{"version": 9} | said)))
    assert (unread.tenant, unread.session_id, unread.type) == believed


def test_what_can_be_read_is_believed():
    """The clock's own commands belong to a name that no business can have."""
    tick = read(delivery(body_of("calendar.tick", tenant="*")), message=decoded("calendar.tick", tenant="*"))
    assert (tick.tenant, tick.type) == ("*", "calendar.tick")


def test_a_message_of_another_version_is_read_as_ours_to_find_who_waits():
    """Nothing else is changed; what can't be read for another reason is no better as ours."""
    for problem in ("newer_version", "older_version"):
        ours = as_if_of_this_version(body_of(version=9), problem)
        assert json.loads(ours) == json.loads(body_of())
    assert as_if_of_this_version(body_of(version=9), "invalid") is None


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '["k1"]',
        '{"id": 7}',
        '{"id": ""}',
        '{"id": "a b"}',
        json.dumps({"id": "k" * 101}),
        '{"id": "k1", "replay": -1}',
        '{"id": "k1", "replay": true}',
        '{"id": "k1", "replay": "1"}',
        '{"id": "k1", "replay": 1000001}',
        "{" * 100_000,
    ],
)
def test_what_says_no_id_that_could_be_ours_is_told_apart_by_its_message(body):
    """It takes nobody's place."""
    unread = read(delivery(body, message_id="m9"))
    assert (unread.command_id, unread.replays) == (None, 0)
    assert unread.failure_id == read(delivery("no json", message_id="m9")).failure_id


def test_nobody_takes_a_commands_place_by_calling_a_message_like_it():
    """What can't be read has ids of its own, whatever the message's id looks like."""
    command = read(delivery(body_of()), message=decoded())
    assert read(delivery("no json", message_id="k1")).failure_id != command.failure_id


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"reason": "<script>"}, {"reason": "unknown"}),
        ({"reason": "x" * 500}, {"reason": "unknown"}),
        ({"reason": ""}, {"reason": "unknown"}),
        ({"attempts": "many"}, {"attempts": 0}),
        ({"attempts": "-1"}, {"attempts": 0}),
        ({"attempts": "\u0663"}, {"attempts": 0}),
        ({"attempts": "9" * 5000}, {"attempts": 0}),
        ({"attempts": "999999999"}, {"attempts": 1_000_000}),
        ({"error": "e" * 5000}, {"error": "e" * 1024}),
        ({"group": "g" * 5000}, {"group": "g" * 128}),
        ({"group": ""}, {"group": None}),
    ],
)
def test_what_a_copy_says_is_checked(said, kept):
    """Whoever can put a message on a queue can put anything into its attributes."""
    failure = read(delivery("no json", attributes=copied(**said)))
    assert {name: getattr(failure, name) for name in kept} == kept


def test_a_letter_without_a_time_failed_now():
    """There is no better guess."""
    assert read(delivery(sent_at=None)).last_at == NOON


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        ("chat.send", True),
        ("booking.create", True),
        ("booking.verify", True),
        ("booking.slots", False),
        ("booking.lookup", False),
        ("calendar.tick", False),
    ],
)
def test_who_waits_to_hear_how_a_command_ended(kind, waits):
    """Questions age, and the backend asks for no answer."""
    assert (waiting(decoded(kind)) is not None) is waits
    assert waiting(None) is None
