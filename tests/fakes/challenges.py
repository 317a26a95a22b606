"""Challenges whose solution is no work, so that tests of use cases need no time."""

import base64
import json
from datetime import datetime

from shared.messages.server import Challenge, ChallengeParameters
from shared.retention import CHALLENGE_LIFETIME


class FakeChallenges:
    """A `Challenges` that knows what it has issued."""

    def __init__(self) -> None:
        self.issued: dict[str, tuple[str, datetime]] = {}
        """The command and the end of each challenge, by its signature."""

    def issue(self, command_id: str, *, at: datetime) -> Challenge:
        """Return a challenge for the command."""
        signature = f"{len(self.issued):064x}"
        self.issued[signature] = (command_id, at + CHALLENGE_LIFETIME)
        parameters = ChallengeParameters(
            algorithm="none", cost=1, nonce="00", salt="00", keyLength=32, keyPrefix="00", data={"command": command_id}
        )
        return Challenge(parameters=parameters, signature=signature)

    def solve(self, challenge: Challenge) -> str:
        """Return the proof, as a client would send it."""
        solution = {"counter": 0, "derivedKey": "00" * 32}
        return encode_proof(challenge, solution)

    def is_proof(self, proof: str, command_id: str, *, at: datetime) -> bool:
        """Return whether the text is the solution of a challenge for the command that has not ended."""
        try:
            content = json.loads(base64.b64decode(proof, validate=True))
            signature, counter = content["challenge"]["signature"], content["solution"]["counter"]
            issued_for, until = self.issued[signature]
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        return (issued_for, counter) == (command_id, 0) and at <= until


def encode_proof(challenge: Challenge, solution: dict[str, object]) -> str:
    """Return the text that clients send as `proof`."""
    content = {"challenge": challenge.model_dump(exclude_none=True), "solution": solution}
    return base64.b64encode(json.dumps(content).encode()).decode()
