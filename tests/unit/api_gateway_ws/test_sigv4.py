"""Signatures: the same as botocore's, which AWS accepts."""

from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from api_gateway_ws.adapters.sigv4 import Credentials, Signer

NOW = datetime(2026, 11, 28, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "session/token+="])
@pytest.mark.parametrize(
    "call",
    [
        ("dynamodb", "POST", "/", {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "T.PutItem"}, b"{}"),
        ("s3", "GET", "/salon-ania/profile.json", {"If-None-Match": '"abc"'}, b""),
        ("s3", "GET", "/bucket/sal%C3%B3n%20a~b/x.json", {}, b""),
        ("execute-api", "POST", "/live/@connections/L0SM9cOFvHcCIhw%3D", {"Content-Type": "a/b"}, "ż".encode()),
        ("secretsmanager", "POST", "/", {"X-Amz-Target": "  spaced  "}, b"x" * 5000),
    ],
)
def test_a_request_is_signed_as_botocore_signs_it(monkeypatch, token, call):
    """Headers, path and body of every kind of call that the edge makes."""
    service, method, path, headers, body = call
    host = "service.eu-central-1.amazonaws.com"
    signed = Signer(Credentials("AKIDEXAMPLE", "secret", token), service=service, region="eu-central-1").sign(
        method, path, host=host, headers=headers, body=body, now=NOW
    )

    request = AWSRequest(method=method, url=f"https://{host}{path}", headers=headers, data=body)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: NOW.replace(tzinfo=None))
    auth(BotocoreCredentials("AKIDEXAMPLE", "secret", token), service, "eu-central-1").add_auth(request)
    assert signed["Authorization"] == request.headers["Authorization"]
    assert signed["X-Amz-Date"] == request.headers["X-Amz-Date"]
    assert signed.get("X-Amz-Security-Token") == token
