"""A proof of work before a hold: who is challenged, what a proof opens, and how each command ends."""

import base64
from datetime import timedelta

import pytest

from shared.claims import Busy, Done
from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.messages.server import Challenge
from shared.retention import CHALLENGE_LIFETIME
from tests.unit.workers.booking.handler.conftest import LEASE, replayed
from workers.booking.domain.proof_of_work import ProofOfWork

OFFICE = "203.0.113.9"
WANTED = "2026-01-13T16:00"
TIMES = [f"{hour:02}:{minute:02}" for hour in (9, 10, 11, 13, 14, 15) for minute in (0, 30)]


@pytest.fixture
def crowded(new_world):
    """Return a business at which one address may hold one time without a proof."""
    return new_world(settings={"holds_per_address": 1})


async def hold_by_neighbour(world, number=0):
    fields = {"session": f"neighbour-{number}", "contact": f"n{number}@example.com", "source_ip": OFFICE}
    return await world.create(f"2026-01-13T{TIMES[number * 2]}", **fields)


def request(world, *, session="guest", start=WANTED, client_id="b-1", proof=None, takes_proof=True, **fields):
    """Return the request of a visitor of the office; with the same session and id it is the same command."""
    envelope = {"takes_proof": takes_proof, "proof": proof}
    who = {"session": session, "contact": f"{session}@example.com", "client_id": client_id, "source_ip": OFFICE}
    return world.create_command(start, envelope=envelope, **who, **fields)


async def deliver(world, command):
    """Deliver a command as the worker core does; return the last frame in the visitor's tab."""
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    assert not isinstance(claim, Busy)
    if isinstance(claim, Done):
        await world.handler.repeat_outcome(command, claim.outcome_seq)
    else:
        await world.handler.handle(command, claim)
    return world.poster.frames("tab")[-1]


def is_done(world, command):
    record = world.claims.records[command.claim_key]
    return record.done


async def challenge(world, **fields):
    """Let the visitor ask while the address is full; return the frame with the challenge."""
    world.connections.open("guest", "tab", locale="en", capabilities=["challenge", "progress"])
    assert (await hold_by_neighbour(world)).type == "booking.pending"
    frame = await deliver(world, request(world, **fields))
    assert frame["data"].get("code") == ErrorCode.CHALLENGE_REQUIRED
    return frame


def solve(world, frame):
    return world.challenges.solve(Challenge.model_validate(frame["data"]["challenge"]))


def holders(world):
    return sorted(one.session_id for one in world.appointments.rows.values())


async def test_a_visitor_behind_a_full_address_proves_work_and_books(crowded):
    """Under the same id: one challenge, then the hold. Nobody waits until the holds of strangers end."""
    frame = await challenge(crowded)
    assert holders(crowded) == ["neighbour-0"]
    assert not is_done(crowded, request(crowded))
    answer = await deliver(crowded, request(crowded, proof=solve(crowded, frame)))
    assert (answer["type"], answer["re"]) == ("booking.pending", "b-1")
    assert is_done(crowded, request(crowded))
    assert crowded.frames("guest") == ["error", "booking.pending"]
    assert crowded.metrics.total("ChallengeIssued") == 1


async def test_a_challenge_that_nobody_solves_is_the_end_of_its_command(crowded):
    """A durable error, which is there when the visitor comes back; nothing is held, and no attempt is counted."""
    frame = await challenge(crowded)
    assert frame["seq"] == 1
    stored = await crowded.conversations.get_frame("guest", 1)
    assert (stored.data.code, stored.data.retryable, stored.re) == (ErrorCode.CHALLENGE_REQUIRED, True, "b-1")
    assert "check" in stored.data.message
    record = crowded.claims.records[request(crowded).claim_key]
    assert (record.owner, record.attempts, record.unfinished) == (None, 0, 0)
    assert holders(crowded) == ["neighbour-0"]


async def test_the_next_command_of_the_visitor_is_not_held_up(crowded):
    """Another request ends as always; the first one can still be proved then."""
    frame = await challenge(crowded)
    other = await deliver(crowded, request(crowded, client_id="b-2", start="2026-01-13T14:00"))
    assert other["data"]["code"] == ErrorCode.CHALLENGE_REQUIRED
    assert (await deliver(crowded, request(crowded, proof=solve(crowded, frame))))["type"] == "booking.pending"


async def test_one_proof_is_good_for_one_hold(crowded):
    """Sent again it brings the same answer; under another id, or of another visitor, it proves nothing."""
    proof = solve(crowded, await challenge(crowded))
    first = await deliver(crowded, request(crowded, proof=proof))
    assert await deliver(crowded, request(crowded, proof=proof)) == first
    crowded.connections.open("other", "tab", locale="en", capabilities=["challenge"])
    for fields in ({"client_id": "b-2", "start": "2026-01-13T11:00"}, {"session": "other"}):
        answer = await deliver(crowded, request(crowded, proof=proof, **fields))
        assert answer["data"]["code"] in {ErrorCode.RATE_LIMITED, ErrorCode.SLOT_TAKEN}
    assert holders(crowded) == ["guest", "neighbour-0"]


async def test_two_proofs_of_a_command_hold_one_time(crowded):
    """The command was delivered twice, and both challenges were solved."""
    first = await challenge(crowded)
    second = crowded.challenges.issue(request(crowded).id, at=crowded.clock.now())
    answers = [
        await deliver(crowded, request(crowded, proof=proof))
        for proof in (solve(crowded, first), crowded.challenges.solve(second))
    ]
    assert answers[0] == answers[1]
    assert crowded.frames("guest") == ["error", "booking.pending"]


@pytest.mark.parametrize("wrong", ["AAAA", "=", base64.b64encode(b"[" * 1500).decode(), "expired"])
async def test_a_wrong_proof_ends_the_command_as_the_limit_does(crowded, wrong):
    """Forged, broken or too late: the visitor reads the refusal that a client without challenges gets."""
    frame = await challenge(crowded)
    proof, command = wrong, request(crowded, proof=wrong)
    if wrong == "expired":
        proof = solve(crowded, frame)
        crowded.clock.advance(CHALLENGE_LIFETIME + timedelta(seconds=1))
        command = request(crowded, proof=proof)
    answer = await deliver(crowded, command)
    assert (answer["data"]["code"], "challenge" in answer["data"]) == (ErrorCode.RATE_LIMITED, False)
    assert answer["data"]["retry_after_ms"] > 0
    assert is_done(crowded, command)
    assert crowded.frames("guest") == ["error", "error"]


async def test_a_proof_that_waited_on_the_queue_is_still_one(crowded):
    """It is judged as of its acceptance, like everything that a visitor sends."""
    frame = await challenge(crowded)
    command = request(crowded, proof=solve(crowded, frame))
    crowded.clock.advance(CHALLENGE_LIFETIME + timedelta(minutes=1))
    assert (await deliver(crowded, command))["type"] == "booking.pending"


@pytest.mark.parametrize(
    ("capabilities", "takes_proof", "replay"),
    [(["progress"], True, 0), ([], True, 0), (["challenge"], False, 0), (["challenge"], True, 1)],
    ids=["older client", "no hello", "ingress of the release before", "replay"],
)
async def test_who_would_not_answer_is_not_challenged(crowded, capabilities, takes_proof, replay):
    """They have the limits and the refusal of the release before."""
    crowded.connections.open("guest", "tab", locale="en", capabilities=capabilities)
    await hold_by_neighbour(crowded)
    command = request(crowded, takes_proof=takes_proof)
    answer = await deliver(crowded, replayed(command) if replay else command)
    assert answer["data"]["code"] == ErrorCode.RATE_LIMITED
    assert not crowded.challenges.issued


async def test_an_older_tab_of_the_session_is_not_challenged(crowded):
    """The client that sent the command decides; if it is gone, all that are there."""
    crowded.connections.open("guest", "tab", locale="en", capabilities=[])
    crowded.connections.open("guest", "newer", locale="en", capabilities=["challenge"])
    await hold_by_neighbour(crowded)
    assert (await deliver(crowded, request(crowded)))["data"]["code"] == ErrorCode.RATE_LIMITED
    crowded.clock.advance(timedelta(minutes=1))
    await crowded.connections.remove("guest", "tab")
    claim = await crowded.claims.claim(request(crowded, client_id="b-2").claim_key, fingerprint="f", lease=LEASE)
    await crowded.handler.handle(request(crowded, client_id="b-2"), claim)
    assert crowded.poster.frames("newer")[-1]["data"]["code"] == ErrorCode.CHALLENGE_REQUIRED


async def test_a_proof_has_a_limit_of_its_own(new_world):
    """Above it nobody is challenged: the work would be in vain."""
    world = new_world(settings={"holds_per_address": 1, "proof_of_work": ProofOfWork(holds=2)})
    frame = await challenge(world)
    assert (await deliver(world, request(world, proof=solve(world, frame))))["type"] == "booking.pending"
    world.connections.open("late", "tab", locale="en", capabilities=["challenge"])
    late = await deliver(world, request(world, session="late", start="2026-01-13T15:00"))
    assert late["data"]["code"] == ErrorCode.RATE_LIMITED


async def test_a_contact_is_no_matter_of_a_proof(crowded):
    """Its limit protects a mailbox: who has met it is refused at once."""
    await challenge(crowded)
    for number in (0, 1):
        fields = {"session": f"s{number}", "contact": "guest@example.com", "source_ip": f"198.51.100.{number}"}
        assert (await crowded.create(f"2026-01-14T{TIMES[number * 2]}", **fields)).type == "booking.pending"
    answer = await deliver(crowded, request(crowded, client_id="b-2"))
    assert answer["data"]["code"] == ErrorCode.RATE_LIMITED
    assert "e-mail address" in answer["data"]["message"]


async def test_a_business_sets_the_limit_of_an_address(new_world):
    """In place of that of the installation."""
    world = new_world(limits={"holds_per_address": 1})
    assert (await challenge(world))["data"]["challenge"]


async def test_where_no_work_is_demanded_the_limits_are_final(new_world):
    """The setting `tries=0`."""
    world = new_world(settings={"holds_per_address": 1, "challenges": None})
    world.connections.open("guest", "tab", locale="en", capabilities=["challenge"])
    await hold_by_neighbour(world)
    assert (await deliver(world, request(world, proof="AAAA")))["data"]["code"] == ErrorCode.RATE_LIMITED


async def test_a_day_that_strangers_hold_is_free_with_a_proof(new_world):
    """Half of it without, eight tenths with proofs; a network has a part of each."""
    world = new_world(
        held_share_percent=50, settings={"holds_per_address": 100, "proof_of_work": ProofOfWork(holds=100)}
    )
    for number, time in enumerate(TIMES[::2]):
        fields = {"session": f"bot-{number}", "contact": f"b{number}@example.com", "source_ip": f"198.{number}.7.7"}
        await world.create(f"2026-01-13T{time}", **fields)
    world.connections.open("guest", "tab", locale="en", capabilities=["challenge"])
    frame = await deliver(world, request(world))
    assert frame["data"]["code"] == ErrorCode.CHALLENGE_REQUIRED
    assert (await deliver(world, request(world, proof=solve(world, frame))))["type"] == "booking.pending"


class CrashError(Exception):
    """The worker ends here."""


async def test_a_worker_that_dies_after_the_challenge_leaves_the_command_to_the_next(crowded):
    """The message comes again when its lease has ended: the same challenge, in one frame, and then the hold."""
    world = crowded
    release = world.claims.release

    async def die(*_, **__):
        raise CrashError

    world.connections.open("guest", "tab", locale="en", capabilities=["challenge"])
    await hold_by_neighbour(world)
    world.claims.release = die
    claim = await world.claims.claim(request(world).claim_key, fingerprint="f", lease=LEASE)
    with pytest.raises(CrashError):
        await world.handler.handle(request(world), claim)
    world.claims.release = release
    world.clock.advance(LEASE + timedelta(seconds=1))
    frame = await deliver(world, request(world))
    assert (frame["seq"], world.frames("guest")) == (1, ["error"])
    assert (await deliver(world, request(world, proof=solve(world, frame))))["type"] == "booking.pending"


async def test_a_worker_that_dies_after_a_proved_hold_holds_one_time(crowded):
    """The next one finds the hold, and needs neither a proof nor a unit."""
    frame = await challenge(crowded)
    command = request(crowded, proof=solve(crowded, frame))
    crowded.conversations.errors.append(TransientError("the worker was killed"))
    claim = await crowded.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    with pytest.raises(TransientError):
        await crowded.handler.handle(command, claim)
    await crowded.claims.release(claim)
    crowded.clock.advance(CHALLENGE_LIFETIME)
    assert (await deliver(crowded, command))["type"] == "booking.pending"
    assert holders(crowded) == ["guest", "neighbour-0"]
    assert crowded.frames("guest") == ["error", "booking.pending"]
