"""Signs and reads the tokens of links in e-mails: each allows one action on one visit while it can change."""

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeGuard

from itsdangerous import BadData, URLSafeSerializer

from shared.instants import to_seconds

LinkPurpose = Literal["cancel", "move"]
PURPOSES: tuple[LinkPurpose, ...] = ("cancel", "move")

_KEY_LABEL = b"stride-link-1"
"""The input of a verification code contains a slash, so no code is ever derived from this label."""

_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_.-]{20,600}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """What a valid link allows its bearer to do."""

    purpose: LinkPurpose
    appointment_id: str
    session_id: str
    """The conversation in which the appointment was made; the bearer of the link may be in another one."""


class Links:
    """Signs and reads links under a key of their own, which two workers derive from the secret of the codes."""

    def __init__(self, code_key: bytes) -> None:
        if not code_key:
            raise ValueError("a link needs a secret")
        # 48 bytes are 64 characters to the bit: with SHA-256 some last characters could be swapped unnoticed.
        self._serialiser = URLSafeSerializer(
            hmac.digest(code_key, _KEY_LABEL, "sha256"),
            salt="stride-link-1",
            signer_kwargs={"digest_method": "sha384", "key_derivation": "hmac"},
        )

    def issue(
        self, purpose: LinkPurpose, *, tenant: str, appointment_id: str, session_id: str, expires_at: datetime
    ) -> str:
        """Return a token for the fragment of an address, which browsers send to no server.

        Only the release before reads `expires_at`, and finds no visit once it has passed.
        """
        content = {
            "p": purpose,
            "t": tenant,
            "a": appointment_id,
            "s": session_id,
            "e": to_seconds(expires_at),
        }
        token = self._serialiser.dumps(content)
        return token if isinstance(token, str) else token.decode()

    def verify(self, token: str, *, tenant: str, purposes: Collection[LinkPurpose] = PURPOSES) -> LinkClaim | None:
        """Return what the link allows; None if it is forged, of another tenant, or for none of the purposes.

        The signature is checked first, in constant time. The token does not say until when it works: the visit does,
        which may have another time by now.
        """
        if not _TOKEN_PATTERN.fullmatch(token):
            return None
        try:
            content = self._serialiser.loads(token)
        except BadData:
            return None
        match content:
            case {
                "p": str(purpose),
                "t": str(link_tenant),
                "a": str(appointment_id),
                "s": str(session_id),
            }:
                if link_tenant != tenant or not _is_allowed_purpose(purpose, purposes):
                    return None
                return LinkClaim(purpose, appointment_id, session_id)
        return None


def _is_allowed_purpose(purpose: str, purposes: Collection[LinkPurpose]) -> TypeGuard[LinkPurpose]:
    return purpose in purposes
