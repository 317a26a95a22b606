"""The signer: what botocore's would say of the same call, whatever the call is."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from shared.aws.signer import RequestSigner, StaticCredentials

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
HOST = "sqs.eu-central-1.amazonaws.com"
KEYS = ReadOnlyCredentials("AKIAEXAMPLE", "secret", None)
TARGET = "AmazonSQS.ReceiveMessage"

secrets = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=", min_size=1, max_size=60)
names = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,30}[a-z0-9])?", fullmatch=True)
hosts = st.one_of(names, st.builds("{}:{}".format, names, st.integers(1024, 65535)))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def json_call(target=TARGET, body=b"{}"):
    return {
        "method": "POST",
        "path": "/",
        "headers": {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target},
        "body": body,
    }


def botocores(call, credentials, now, *, region="eu-central-1", host=HOST, service="sqs"):
    """Return the headers that botocore signs the same call with."""
    # It sends an http host's port along, and leaves out those that a scheme has by itself.
    request = AWSRequest(
        method=call["method"], url=f"http://{host}{call['path']}", data=call["body"], headers=dict(call["headers"])
    )
    sign = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    with pytest.MonkeyPatch.context() as patched:
        # Botocore asks for the time itself.
        patched.setattr(auth, "get_current_datetime", lambda *_, **__: now.replace(tzinfo=None))
        sign(credentials, service, region).add_auth(request)
    return request.headers


def new_signer():
    return RequestSigner(service="sqs", region="eu-central-1", host=HOST)


def signed(signer=None, *, credentials=KEYS, now=NOON, **call):
    return (signer or new_signer()).sign(**json_call(**call), credentials=credentials, now=now)


@given(
    body=st.binary(max_size=300),
    target=st.builds("AmazonSQS.{}".format, st.text("ABCabc", min_size=1, max_size=20)),
    key=st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=20),
    secret=secrets,
    token=st.none() | secrets,
    region=names,
    host=hosts,
    now=instants,
)
@example(body=b"", target=TARGET, key="A", secret="s", token="", region="eu-central-1", host="localhost:4566", now=NOON)
@example(body=b"", target=" two  words ", key="A", secret="s", token="t", region="r", host="h", now=NOON)
def test_it_says_what_botocore_says(*, body, target, key, secret, token, region, host, now):
    """The same signature over the same headers, for any call that a queue may make."""
    credentials, call = ReadOnlyCredentials(key, secret, token), json_call(target, body)
    ours = RequestSigner(service="sqs", region=region, host=host).sign(**call, credentials=credentials, now=now)
    theirs = botocores(call, credentials, now, region=region, host=host)
    assert ours["Authorization"] == theirs["Authorization"]
    assert ours["X-Amz-Date"] == theirs["X-Amz-Date"]
    assert ours.get("X-Amz-Security-Token") == theirs.get("X-Amz-Security-Token")


@pytest.mark.parametrize("token", [None, "session/token+="])
@pytest.mark.parametrize(
    ("service", "method", "path", "headers", "body"),
    [
        ("s3", "GET", "/salon-ania/profile.json", {"If-None-Match": '"abc"'}, b""),
        ("s3", "GET", "/bucket/sal%C3%B3n%20a~b/x.json", {}, b""),
        ("execute-api", "POST", "/live/@connections/L0SM9cOFvHcCIhw%3D", {"Content-Type": "a/b"}, "ż".encode()),
        ("secretsmanager", "POST", "/", {"X-Amz-Target": "secretsmanager.GetSecretValue"}, b"x" * 5000),
    ],
)
def test_every_service_is_called_with_the_signature_of_botocore(*, service, method, path, headers, body, token):
    """S3 wants the digest of the body; all others encode an encoded path once more."""
    credentials = StaticCredentials("AKIAEXAMPLE", "secret", token)
    call = {"method": method, "path": path, "headers": headers, "body": body}
    ours = RequestSigner(service=service, region="eu-central-1", host=HOST).sign(
        **call, credentials=credentials, now=NOON
    )
    theirs = botocores(call, ReadOnlyCredentials("AKIAEXAMPLE", "secret", token), NOON, service=service)
    assert ours["Authorization"] == theirs["Authorization"]
    assert ours.get("X-Amz-Content-SHA256") == theirs.get("X-Amz-Content-SHA256")


def test_credentials_are_not_in_their_text():
    """It would be in the log with whatever prints them."""
    assert "s3cret" not in repr(StaticCredentials("AKIA", "s3cret", "s3cret"))


def test_every_header_that_is_signed_is_sent():
    """With the value that was signed; a token is among them only when there is one."""
    headers = signed(credentials=ReadOnlyCredentials("AKIA", "secret", "token"))
    named = headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {name.lower() for name in headers} == {*named, "authorization"}
    assert headers["Host"] == HOST
    assert headers["X-Amz-Target"] == TARGET
    assert "X-Amz-Security-Token" not in signed()


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"QueueUrl": "other"}'},
        {"target": "AmazonSQS.DeleteMessageBatch"},
        {"now": NOON.replace(second=1)},
        {"credentials": ReadOnlyCredentials("AKIAEXAMPLE", "another", None)},
        {"credentials": ReadOnlyCredentials("AKIAEXAMPLE", "secret", "token")},
    ],
    ids=["body", "target", "second", "secret", "token"],
)
def test_nothing_can_be_changed_under_a_signature(change):
    """Each part of a call is in its signature."""
    one, other = signed(), signed(**change)
    assert one["Authorization"].partition("Signature=")[2] != other["Authorization"].partition("Signature=")[2]


def test_a_new_day_has_a_new_key():
    """The one of yesterday is refused by AWS; a worker runs for weeks."""
    signer = new_signer()
    for now in (NOON, datetime(2026, 1, 12, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 13, tzinfo=UTC), NOON):
        theirs = botocores(json_call(), KEYS, now)
        assert signed(signer, now=now)["Authorization"] == theirs["Authorization"]


def test_rotated_credentials_have_a_new_key():
    """A role's credentials change every few hours, in the middle of a day; the old ones come back for nobody."""
    signer = new_signer()
    rotations = [
        KEYS,
        ReadOnlyCredentials("AKIAEXAMPLE", "another", None),
        ReadOnlyCredentials("AKIAOTHER", "another", "token"),
        ReadOnlyCredentials("AKIAOTHER", "another", "token 2"),
        KEYS,
    ]
    for credentials in rotations:
        theirs = botocores(json_call(), credentials, NOON)
        assert signed(signer, credentials=credentials)["Authorization"] == theirs["Authorization"]


def test_the_key_is_derived_once(monkeypatch):
    """That is what it is for: four hashes a day, not for every call."""
    derived = []
    real = __import__("hmac").digest

    def counted(key, message, digest):
        derived.append(message)
        return real(key, message, digest)

    monkeypatch.setattr("shared.aws.signer.hmac", SimpleNamespace(digest=counted))
    signer = new_signer()
    for number in range(10):
        signed(signer, now=NOON.replace(second=number))
    assert derived.count(b"aws4_request") == 1
    assert len(derived) == 4 + 10
