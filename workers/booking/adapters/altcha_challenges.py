"""Issues challenges and checks their proofs with ALTCHA's library."""

import hmac
import secrets
from datetime import datetime

from altcha import Payload, create_challenge, verify_solution

from shared.instants import from_milliseconds, to_milliseconds
from shared.messages.server import Challenge
from shared.retention import CHALLENGE_LIFETIME

_ALGORITHM = "PBKDF2/SHA-256"
"""The only slow function that every browser has by itself; it runs beside the page's own thread."""

_ITERATIONS = 5_000
"""Of one try: so many that a try costs more than its call in a browser does, which is 0.1 ms."""


class AltchaChallenges:
    """Challenges that each have one solution, after `tries` to twice as many tries.

    The solution is chosen here and its key is signed, so that a proof is checked by two hashes: whoever sends wrong
    proofs costs us nothing. https://altcha.org/docs/v2/proof-of-work
    """

    def __init__(self, *, secret: bytes, tries: int) -> None:
        self._tries = tries
        self._secret = _derive_key(secret, "challenge")
        self._key_secret = _derive_key(secret, "solution")

    def issue(self, command_id: str, *, at: datetime) -> Challenge:
        """Return a challenge for the command; the server computes one try for it."""
        challenge = create_challenge(
            algorithm=_ALGORITHM,
            cost=_ITERATIONS,
            counter=self._tries + secrets.randbelow(self._tries),
            data={"command": command_id, "until": to_milliseconds(at + CHALLENGE_LIFETIME)},
            hmac_secret=self._secret,
            hmac_key_secret=self._key_secret,
        )
        return Challenge.model_validate(challenge.to_dict())

    def is_proof(self, proof: str, command_id: str, *, at: datetime) -> bool:
        """Return whether the text solves a challenge that was issued for the command and has not ended at `at`."""
        # The library compares the end with its own clock; ours is in the signed data.
        if not verify_solution(proof, self._secret, hmac_key_secret=self._key_secret).verified:
            return False
        data = Payload.from_base64(proof).challenge.parameters.data or {}
        return data["command"] == command_id and at <= from_milliseconds(data["until"])


def _derive_key(secret: bytes, label: str) -> bytes:
    return hmac.digest(secret, f"challenge/{label}".encode(), "sha256")
