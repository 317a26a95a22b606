"""Challenges: a solved one is a proof for its command until its end, and everything else proves nothing."""

import base64
import json
from datetime import UTC, datetime, timedelta

import altcha
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ids import derive_command_key
from shared.messages.limits import MAX_PROOF_CHARACTERS
from shared.messages.server import Challenge
from shared.retention import CHALLENGE_LIFETIME
from tests.fakes.challenges import FakeChallenges, encode_proof
from workers.booking.adapters.altcha_challenges import AltchaChallenges

NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
COMMAND = derive_command_key("salon-ania", "session", "b-1")
MOMENT = timedelta(milliseconds=1)


def solve(challenge):
    """Solve a challenge with the library, as a client would that has only read the frame."""
    received = altcha.Challenge.from_dict(json.loads(challenge.model_dump_json(exclude_none=True)))
    return altcha.solve_challenge(received)


class Real:
    """ALTCHA's challenges, with little work."""

    def __init__(self):
        self.challenges = AltchaChallenges(secret=b"a secret of the deployment", tries=2)

    def prove(self, challenge):
        return encode_proof(challenge, solve(challenge).to_dict())


class Fake:
    def __init__(self):
        self.challenges = FakeChallenges()

    def prove(self, challenge):
        return self.challenges.solve(challenge)


@pytest.fixture(params=[Fake, Real])
def each(request):
    return request.param()


def test_a_solved_challenge_is_a_proof_until_its_end(each):
    """For its command; the end is that of the challenge, whenever it is checked."""
    proof = each.prove(each.challenges.issue(COMMAND, at=NOW))
    assert len(proof) < MAX_PROOF_CHARACTERS
    assert each.challenges.is_proof(proof, COMMAND, at=NOW)
    assert each.challenges.is_proof(proof, COMMAND, at=NOW + CHALLENGE_LIFETIME)
    assert not each.challenges.is_proof(proof, COMMAND, at=NOW + CHALLENGE_LIFETIME + MOMENT)


@pytest.mark.parametrize(
    "other", [("salon-ania", "session", "b-2"), ("salon-ania", "other", "b-1"), ("other", "session", "b-1")]
)
def test_a_proof_is_for_one_command(each, other):
    """Not for another id, another visitor or another business."""
    proof = each.prove(each.challenges.issue(COMMAND, at=NOW))
    assert not each.challenges.is_proof(proof, derive_command_key(*other), at=NOW)


def test_two_challenges_of_a_command_are_both_solved(each):
    """A command that was delivered twice may be challenged twice."""
    first, second = (each.challenges.issue(COMMAND, at=NOW) for _ in range(2))
    assert first != second
    assert all(each.challenges.is_proof(each.prove(one), COMMAND, at=NOW) for one in (first, second))


def change(proof, **changes):
    """Return the proof with other values, by their path: `solution__counter`."""
    content = json.loads(base64.b64decode(proof))
    for path, value in changes.items():
        *folders, name = path.split("__")
        part = content
        for folder in folders:
            part = part[folder]
        part[name] = value
    return base64.b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"solution__derivedKey": "00" * 32},
        {"challenge__parameters__data": {"command": COMMAND, "until": 2**50}},
        {"challenge__parameters__cost": 1},
        {"challenge__parameters__keySignature": None},
        {"challenge__signature": "00" * 32},
        {"challenge__signature": None},
        {"challenge__parameters__expiresAt": 1},
    ],
    ids=str,
)
def test_a_changed_proof_proves_nothing(changes):
    """Every part of a challenge is signed, and the key of its solution is."""
    real = Real()
    proof = real.prove(real.challenges.issue(COMMAND, at=NOW))
    assert not real.challenges.is_proof(change(proof, **changes), COMMAND, at=NOW)


def test_a_challenge_of_another_deployment_proves_nothing():
    """Its secret is another one, and so is each key that is derived from it."""
    real, other = Real(), AltchaChallenges(secret=b"another secret", tries=2)
    assert not real.challenges.is_proof(real.prove(other.issue(COMMAND, at=NOW)), COMMAND, at=NOW)


@pytest.mark.parametrize("tries", [1, 5])
def test_the_work_is_bounded(tries):
    """A client needs at least so many tries, and at most twice as many."""
    challenges = AltchaChallenges(secret=b"a secret of the deployment", tries=tries)
    for _ in range(3):
        assert tries <= solve(challenges.issue(COMMAND, at=NOW)).counter < 2 * tries


HOSTILE = ["", "=", "AAAA", "bnVsbA==", "W10=", "e30=", "eyJjaGFsbGVuZ2UiOjF9", "A" * MAX_PROOF_CHARACTERS]


@pytest.mark.parametrize("text", HOSTILE)
def test_other_texts_prove_nothing(each, text):
    """Whatever a client sends."""
    assert not each.challenges.is_proof(text, COMMAND, at=NOW)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["challenge", "solution", "parameters", "signature", "data", "algorithm", "counter", "nonce"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSON_VALUES)
@settings(max_examples=60, deadline=None)
def test_no_json_makes_the_check_fail(value):
    """It answers no, and raises nothing."""
    text = base64.b64encode(json.dumps(value).encode()).decode()
    for one in (Fake(), Real()):
        assert not one.challenges.is_proof(text, COMMAND, at=NOW)


def test_a_deeply_nested_text_proves_nothing(each):
    """Deeper than a parser that calls itself can go."""
    text = base64.b64encode(b"[" * (MAX_PROOF_CHARACTERS * 3 // 4)).decode()
    assert not each.challenges.is_proof(text, COMMAND, at=NOW)


def test_a_challenge_survives_its_frame(each):
    """It is stored as JSON, read again by another worker, and sent."""
    challenge = each.challenges.issue(COMMAND, at=NOW)
    assert Challenge.model_validate_json(challenge.model_dump_json()) == challenge
