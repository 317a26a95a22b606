"""Which failures of Bedrock are worth another call, and what each is called."""

from datetime import timedelta

import aiohttp
import pytest
from botocore import exceptions as vendor
from botocore.eventstream import ChecksumMismatch
from botocore.parsers import ResponseParserError

from shared.errors import PermanentError, TransientError
from workers.chat.adapters.bedrock.errors import read_retry_after, translate_bedrock_errors

KINDS = {
    "model_busy": [
        ("ThrottlingException", 429),
        ("TooManyRequestsException", 429),
        ("ModelNotReadyException", 429),
        ("ServiceUnavailableException", 503),
        ("", 429),
        ("", 503),
    ],
    "model_quota": [("ServiceQuotaExceededException", 400), ("ServiceQuotaExceededException", 402)],
    "timeout": [("ModelTimeoutException", 408), ("", 408)],
    "model_failed": [
        ("ModelErrorException", 424),
        ("InternalServerException", 500),
        ("", 502),
        ("", 504),
        ("ExpiredTokenException", 403),
        ("NobodyHasListedThisException", 400),
        ("", 418),
    ],
}
IN_THE_STREAM = {
    "throttlingException": "model_busy",
    "serviceUnavailableException": "model_busy",
    "internalServerException": "model_failed",
    "modelStreamErrorException": "model_failed",
    "validationException": "model_failed",
    "modelTimeoutException": "timeout",
    "serviceQuotaExceededException": "model_quota",
    "nobodyHasListedThisException": "model_failed",
}
PERMANENT = [
    ("ValidationException", 400),
    ("AccessDeniedException", 403),
    ("ResourceNotFoundException", 404),
    ("UnrecognizedClientException", 403),
    ("InvalidSignatureException", 403),
]
ON_THE_WAY = [
    aiohttp.ClientPayloadError(),
    aiohttp.ServerDisconnectedError(),
    aiohttp.SocketTimeoutError(),
    vendor.EndpointConnectionError(endpoint_url="https://bedrock"),
    vendor.ReadTimeoutError(endpoint_url="https://bedrock"),
    vendor.NoCredentialsError(),
    ChecksumMismatch(1, 2),
    ResponseParserError("not JSON"),
    ConnectionResetError(),
]


def build_error(code, status=0, kind=vendor.ClientError, **headers):
    return kind(
        {
            "Error": {"Code": code, "Message": "what a visitor wrote"},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
        },
        "ConverseStream",
    )


def translate(error):
    with pytest.raises((TransientError, PermanentError)) as caught, translate_bedrock_errors("bedrock.call"):
        raise error
    assert caught.value.__cause__ is error
    assert "what a visitor wrote" not in str(caught.value)
    return caught.value


def test_each_failure_has_its_reason():
    """Whatever nobody has listed is tried again; only what is wrong with the request or the account is not."""
    for reason, answers in KINDS.items():
        for code, status in answers:
            translated = translate(build_error(code, status))
            assert (type(translated), translated.reason) == (TransientError, reason), (code, status)
    for code, reason in IN_THE_STREAM.items():
        translated = translate(build_error(code, kind=vendor.EventStreamError))
        assert (type(translated), translated.reason) == (TransientError, reason), code
    for error in ON_THE_WAY:
        translated = translate(error)
        assert (type(translated), translated.reason) == (TransientError, "model_failed"), error
    for code, status in PERMANENT:
        translated = translate(build_error(code, status))
        assert (type(translated), translated.reason) == (PermanentError, f"aws_{code}")
    assert translate(vendor.ParamValidationError(report="what a visitor wrote")).reason == "aws_client"


def test_our_own_errors_stay():
    """A bug is none of the model's failures."""
    with pytest.raises(KeyError), translate_bedrock_errors("bedrock.call"):
        raise KeyError("bug")


def test_a_requested_wait_is_read():
    """In seconds or as a date, compared with the response's own; nonsense is none, and a day is the longest."""
    now = "Sun, 29 Nov 2026 17:00:00 GMT"
    for text, date, seconds in [
        ("7", "", 7),
        (" 7 ", "", 7),
        ("0", "", 0),
        ("Sun, 29 Nov 2026 17:00:30 GMT", now, 30),
        ("Sun, 29 Nov 2026 16:00:30 GMT", now, None),
        ("Sun, 29 Nov 2026 17:00:30 GMT", "", None),
        ("-3", "", None),
        ("1.5", "", None),
        ("٣", "", None),
        ("soon", now, None),
        ("", now, None),
        ("9" * 400, "", 24 * 3600),
        ("999999999", "", 24 * 3600),
        ("Sun, 29 Nov 2099 17:00:30 GMT", now, 24 * 3600),
    ]:
        wait = read_retry_after({"retry-after": text, "date": date})
        assert wait == (None if seconds is None else timedelta(seconds=seconds)), text
    assert translate(build_error("", 429, **{"retry-after": "7"})).retry_after == timedelta(seconds=7)
    assert translate(build_error("", 429)).retry_after is None
