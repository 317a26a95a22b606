"""Signs requests to AWS with signature version 4, with the standard library alone.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a function, which are in its environment and valid as long as it."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Signer:
    """Signs the requests to one service in one region."""

    def __init__(self, credentials: Credentials, *, service: str, region: str) -> None:
        self._credentials = credentials
        self._service = service
        self._region = region

    def sign(
        self, method: str, path: str, *, host: str, headers: dict[str, str], body: bytes, now: datetime
    ) -> dict[str, str]:
        """Return all headers of a request; `path` is percent-encoded and has no query. `now` is in UTC."""
        stamp, digest = f"{now:%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
        all_headers = {**headers, "Host": host, "X-Amz-Date": stamp}
        if self._service == "s3":
            all_headers["X-Amz-Content-SHA256"] = digest
        if self._credentials.session_token:
            all_headers["X-Amz-Security-Token"] = self._credentials.session_token
        canonical_headers = sorted((name.lower(), value.strip()) for name, value in all_headers.items())
        signed = ";".join(name for name, _ in canonical_headers)
        lines = [method, self._encode_path(path), "", *(f"{name}:{value}" for name, value in canonical_headers)]
        request = "\n".join([*lines, "", signed, digest])
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._derive_key(stamp[:8]), to_sign.encode(), "sha256").hex()
        all_headers["Authorization"] = (
            f"{_ALGORITHM} Credential={self._credentials.access_key_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        return all_headers

    def _encode_path(self, path: str) -> str:
        # Every service but S3 encodes the encoded path once more.
        return path if self._service == "s3" else quote(path, safe="/-_.~")

    def _derive_key(self, day: str) -> bytes:
        key = f"AWS4{self._credentials.secret_access_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
