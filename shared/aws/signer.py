"""Signs uniform calls at a tenth of the cost of botocore's general signer.

Signature version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html): the same headers are always
signed, the path is always `/`, and the key of the day is derived once.
"""

import hashlib
import hmac
from datetime import datetime

from botocore.credentials import ReadOnlyCredentials

CONTENT_TYPE = "application/x-amz-json-1.0"
_ALGORITHM = "AWS4-HMAC-SHA256"


class JsonCallSigner:
    """Signs `POST /` calls of one service's JSON protocol, for one host."""

    def __init__(self, *, service: str, region: str, host: str) -> None:
        self._service = service
        self._region = region
        self._host = host
        self._key: tuple[str, ReadOnlyCredentials] | None = None
        self._signing_key = b""

    def build_headers(
        self, target: str, body: bytes, credentials: ReadOnlyCredentials, now: datetime
    ) -> dict[str, str]:
        """Return every header that the call needs. `now` is in UTC."""
        stamp = f"{now:%Y%m%dT%H%M%SZ}"
        day = stamp[:8]
        token = credentials.token
        signed_headers = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target" if token else _SIGNED_HEADERS
        token_header = f"x-amz-security-token:{token}\n" if token else ""
        canonical = (
            f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{self._host}\nx-amz-date:{stamp}\n{token_header}"
            f"x-amz-target:{target}\n\n{signed_headers}\n{hashlib.sha256(body).hexdigest()}"
        )
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._get_signing_key(day, credentials), to_sign.encode(), "sha256").hex()
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Host": self._host,
            "X-Amz-Date": stamp,
            "X-Amz-Target": target,
            "Authorization": (
                f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
                f"SignedHeaders={signed_headers}, Signature={signature}"
            ),
        }
        if token:
            headers["X-Amz-Security-Token"] = token
        return headers

    def _get_signing_key(self, day: str, credentials: ReadOnlyCredentials) -> bytes:
        """Return the signing key, derived anew when the day or the credentials change."""
        if self._key != (day, credentials):
            key = f"AWS4{credentials.secret_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._signing_key = (day, credentials), key
        return self._signing_key


_SIGNED_HEADERS = "content-type;host;x-amz-date;x-amz-target"
