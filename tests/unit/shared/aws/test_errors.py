"""Which of the vendor's errors are tried again, and which never."""

from datetime import timedelta

import pytest
from botocore import exceptions as vendor
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from shared.aws.errors import is_transient, translate_aws_errors
from shared.errors import PermanentError, TransientError

URL = {"endpoint_url": "https://sqs.eu-central-1.amazonaws.com"}


def answered(code, status=400):
    return vendor.ClientError(
        {"Error": {"Code": code, "Message": "a text"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation"
    )


def translate(error):
    with translate_aws_errors("sqs.send"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        vendor.EndpointConnectionError(**URL),
        vendor.ConnectTimeoutError(**URL),
        vendor.ReadTimeoutError(**URL),
        vendor.ConnectionClosedError(**URL),
        vendor.SSLError(**URL, error="handshake"),
        vendor.ProxyConnectionError(proxy_url="http://proxy"),
        vendor.HTTPClientError(error="reset"),
        vendor.ResponseStreamingError(error="cut off"),
        vendor.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        vendor.CredentialRetrievalError(provider="container-role", error_msg="unreachable"),
        vendor.MetadataRetrievalError(error_msg="unreachable"),
        vendor.NoCredentialsError(),
        TimeoutError(),
        ConnectionResetError(),
        answered("InternalServerError", 500),
        answered("ServiceUnavailable", 503),
        answered("", 502),
        answered("TransactionConflictException"),
        answered("ExpiredTokenException"),
    ],
)
def test_a_transient_error_is_retried(error):
    """Nothing is wrong with the message when the other side can't be reached."""
    with pytest.raises(TransientError, match=r"sqs\.send") as caught:
        translate(error)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [answered("ThrottlingException"), answered("ProvisionedThroughputExceededException"), answered("", 429)]
)
def test_a_throttle_asks_for_a_pause(error):
    """At once would be throttled again."""
    with pytest.raises(TransientError) as caught:
        translate(error)
    assert caught.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (answered("AccessDeniedException", 403), "aws_AccessDeniedException"),
        (answered("ValidationException"), "aws_ValidationException"),
        (answered("", 404), "aws_404"),
        (vendor.ParamValidationError(report="no queue"), "aws_client"),
    ],
)
def test_what_is_wrong_with_the_request_is_never_tried_again(error, reason):
    """It would be as wrong the next time."""
    with pytest.raises(PermanentError) as caught:
        translate(error)
    assert caught.value.reason == reason


@pytest.mark.parametrize("error", [answered("AccessDeniedException", 403), answered("ThrottlingException")])
def test_the_vendors_words_do_not_get_out(error):
    """Its message may repeat what was sent; the code alone goes on."""
    with pytest.raises((PermanentError, TransientError)) as caught:
        translate(error)
    assert "a text" not in str(caught.value)


def test_our_own_errors_are_not_translated():
    """Only the vendor's are translated."""
    with pytest.raises(KeyError):
        translate(KeyError("a bug"))


@pytest.mark.parametrize(
    "code",
    sorted({*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *TransientRetryableChecker._TRANSIENT_ERROR_CODES}),
)
def test_what_botocore_tries_again_is_transient_here_too(code):
    """With any status; a message must not be given up because a service was busy."""
    assert is_transient(code, 400)
    with pytest.raises(TransientError):
        translate(answered(code))
