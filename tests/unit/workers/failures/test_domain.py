"""The failure that is built from a dead letter, whatever its body and attributes contain."""

import json
from datetime import UTC, datetime

import pytest

from tests.fakes.clock import NOON
from tests.unit.workers.failures.conftest import DECODERS, body_of, copy_attributes, delivery
from workers.failures.domain import build_failure, convert_to_current_version, find_notifiable_command


def failure_from(dead_letter, *, queue="booking", message=None):
    return build_failure(dead_letter, queue=queue, message=message, now=NOON)


def decode(kind="booking.create", **changes):
    queue = "chat" if kind in {"chat.send", "handover.request"} else "booking"
    return DECODERS[queue].decode(body_of(kind, **changes))


def test_a_workers_copy_gives_all_fields_of_the_failure():
    """Reason, error, attempts and group come from the dead-letter attributes, the rest from the original message."""
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    dead_letter = delivery(body_of(), attributes=copy_attributes(), trace=trace, group="none")
    failure = failure_from(dead_letter, message=decode())
    assert (failure.reason, failure.error, failure.attempts) == ("calendar_access_revoked", "the key is refused", 1)
    assert (failure.queue, failure.group, failure.payload) == ("booking", "s1", dead_letter.body)
    assert (failure.type, failure.tenant, failure.session_id, failure.command_id) == (
        "booking.create",
        "salon",
        "s1",
        "k1",
    )
    assert failure.trace == "1-5759e988-bd862e3fe1be46a994272793"
    assert failure.first_at == failure.last_at == datetime(2026, 1, 12, 12, tzinfo=UTC)
    assert failure.replays == 0


def test_a_message_that_sqs_moved_has_no_dead_letter_attributes():
    """Its reason is `receives_exhausted`."""
    failure = failure_from(delivery(body_of(), group="s1"), message=decode())
    assert (failure.reason, failure.error, failure.attempts, failure.group) == ("receives_exhausted", "", 0, "s1")


def test_all_dead_letters_of_a_command_are_one_failure():
    """The original, its replays and repeated copies have one id; another queue or another command has another id."""
    first = failure_from(delivery(body_of()), message=decode())
    copy = failure_from(delivery(body_of(), message_id="m2", attributes=copy_attributes()), message=decode(replay=3))
    assert copy.failure_id == first.failure_id
    assert copy.replays == 3
    assert failure_from(delivery(), message=decode(key="k2")).failure_id != first.failure_id
    assert failure_from(delivery(), queue="chat", message=decode()).failure_id != first.failure_id


def test_an_unreadable_message_is_identified_by_its_message_id():
    """A copy that is repeated after a crash is the same failure."""
    first = failure_from(delivery("no json", message_id="m5", attributes=copy_attributes(message_id="m1")))
    again = failure_from(delivery("no json", message_id="m6", attributes=copy_attributes(message_id="m1")))
    other = failure_from(delivery("no json", message_id="m7", attributes=copy_attributes(message_id="m2")))
    moved = failure_from(delivery("no json", message_id="m1"))
    assert first.failure_id == again.failure_id == moved.failure_id != other.failure_id
    assert (first.type, first.tenant, first.session_id, first.command_id) == (None, None, None, None)


@pytest.mark.parametrize(
    ("fields", "number"), [({}, 0), ({"replay": 3}, 3), ({"replay": 3, "version": 99, "data": {"hidden": True}}, 3)]
)
def test_an_unreadable_message_with_an_id_is_the_failure_of_that_command(fields, number):
    """A release that can decode it uses the same id: for a replay that fails again, and for the outcome of one."""
    command = failure_from(delivery(body_of()), message=decode())
    unreadable = failure_from(delivery(json.dumps({"id": "k1", "tenant": "salon"} | fields), message_id="m9"))
    assert (unreadable.failure_id, unreadable.replays, unreadable.command_id) == (command.failure_id, number, "k1")


@pytest.mark.parametrize(
    ("fields", "expected"),
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
def test_an_unreadable_message_keeps_its_valid_tenant_session_and_type(fields, expected):
    """The business has to find it; an invalid tenant, session or type becomes None."""
    unreadable = failure_from(delivery(body_of(**{"version": 9} | fields)))
    assert (unreadable.tenant, unreadable.session_id, unreadable.type) == expected


def test_a_decoded_message_gives_its_tenant_and_type_unchecked():
    """Scheduled internal commands have the tenant `*`, which is no valid id of a business."""
    tick = failure_from(delivery(body_of("calendar.tick", tenant="*")), message=decode("calendar.tick", tenant="*"))
    assert (tick.tenant, tick.type) == ("*", "calendar.tick")


def test_a_message_of_another_version_is_converted_to_find_its_visitor():
    """Only the version changes; a message that is unreadable for another reason is not converted."""
    for problem in ("newer_version", "older_version"):
        converted = convert_to_current_version(body_of(version=9), problem)
        assert json.loads(converted) == json.loads(body_of())
    assert convert_to_current_version(body_of(version=9), "invalid") is None


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
def test_an_unreadable_message_without_a_valid_id_is_identified_by_its_message_id(body):
    """It cannot overwrite another failure."""
    unreadable = failure_from(delivery(body, message_id="m9"))
    assert (unreadable.command_id, unreadable.replays) == (None, 0)
    assert unreadable.failure_id == failure_from(delivery("no json", message_id="m9")).failure_id


def test_a_message_id_equal_to_a_command_key_gives_another_failure():
    """Message ids and command keys are separate namespaces."""
    command = failure_from(delivery(body_of()), message=decode())
    assert failure_from(delivery("no json", message_id="k1")).failure_id != command.failure_id


@pytest.mark.parametrize(
    ("changes", "expected"),
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
def test_dead_letter_attributes_are_checked(changes, expected):
    """Any sender to a queue can set them."""
    failure = failure_from(delivery("no json", attributes=copy_attributes(**changes)))
    assert {name: getattr(failure, name) for name in expected} == expected


def test_a_dead_letter_without_a_timestamp_failed_now():
    """The time of the call stands in for the missing timestamp."""
    assert failure_from(delivery(sent_at=None)).last_at == NOON


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        ("chat.send", True),
        ("handover.request", True),
        ("booking.create", True),
        ("booking.verify", True),
        ("transcript.request", True),
        ("session.end", True),
        ("booking.slots", False),
        ("booking.lookup", False),
        ("calendar.tick", False),
    ],
)
def test_which_commands_have_a_visitor_to_notify(kind, waits):
    """Answers to queries go out of date, and internal commands have no visitor."""
    assert (find_notifiable_command(decode(kind)) is not None) is waits
    assert find_notifiable_command(None) is None
