"""Creates service accounts for the stand-in, with key files in Google's format, and reads them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from infra.local.google_calendar.errors import Json

PROJECT = "local-stand-in"


@dataclass(frozen=True)
class AccountKey:
    """The public part of a service account's key, which is all that the token endpoint needs."""

    key_id: str
    client_email: str
    token_uri: str
    public_key: RSAPublicKey


def create_service_account_key(token_uri: str, name: str = "booking") -> Json:
    """Create a key and return the content of its file in the format of Google's downloads."""
    # Only this stand-in accepts it. Google's keys have 2048 bits, whose check takes 60 ms whenever one is read.
    private_key = generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    public = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.sha256(public).hexdigest()
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": digest[:40],
        "private_key": private_key.private_bytes(
            Encoding.PEM,
            PrivateFormat.PKCS8,
            NoEncryption(),
        ).decode(),
        "client_email": email,
        "client_id": str(int(digest[40:58], 16)).zfill(21)[:21],
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }


def parse_account_key(info: Json) -> AccountKey:
    """Return the public part of a key file's content; raise ValueError if the content is not valid."""
    required = ("private_key_id", "client_email", "token_uri", "private_key")
    missing = [name for name in required if not isinstance(info.get(name), str)]
    if info.get("type") != "service_account" or missing:
        raise ValueError(f"not the key file of a service account (missing: {', '.join(missing) or 'type'})")
    public_key = load_pem_private_key(info["private_key"].encode(), password=None).public_key()
    if not isinstance(public_key, RSAPublicKey):
        raise ValueError("a service account's key is an RSA key")  # noqa: TRY004  # the file is wrong, not a type
    return AccountKey(info["private_key_id"], info["client_email"], info["token_uri"], public_key)


def read_account_key(path: Path) -> AccountKey:
    """Return the public part of a key file; raise OSError or ValueError with the reason."""
    return parse_account_key(json.loads(path.read_text(encoding="utf-8")))
