"""Which error codes of each service that workers call are tried again; every other 4xx is permanent."""

from botocore import exceptions as vendor
from botocore.session import get_session

from shared.aws.errors import translate_aws_errors
from shared.errors import PermanentError, TransientError

TRANSIENT = {
    "dynamodb": {
        *("InternalServerError", "LimitExceededException", "ProvisionedThroughputExceededException"),
        *("RequestLimitExceeded", "ThrottlingException", "TransactionConflictException"),
        *("TransactionInProgressException", "ReplicatedWriteConflictException"),
    },
    "sqs": {"KmsThrottled", "OverLimit", "RequestThrottled"},
    "s3": set(),
    "secretsmanager": {"InternalServiceError", "LimitExceededException"},
    "sesv2": {
        *("ConcurrentModificationException", "InternalServiceErrorException"),
        *("LimitExceededException", "TooManyRequestsException"),
    },
    "sns": {"InternalError", "KMSThrottling", "Throttled"},
    "scheduler": {"InternalServerException", "ThrottlingException"},
    "apigatewaymanagementapi": {"LimitExceededException"},
}
"""Of the codes in the service models of botocore; each service has those of `shared/aws/errors.py` besides."""

STATUSES = {"InternalServiceError": 500, "InternalServerError": 500}
"""Of codes for which the model names none, where it is not 400."""


def find_status(shape):
    return shape.metadata.get("error", {}).get("httpStatusCode") or STATUSES.get(shape.error_code, 400)


def is_tried_again(code, status):
    error = vendor.ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation")
    try:
        with translate_aws_errors("service.operation"):
            raise error
    except TransientError:
        return True
    except PermanentError:
        return False


def test_each_code_of_a_service_is_known():
    """Without its status too: some services answer a throttled call with 400."""
    session = get_session()
    for service, expected in TRANSIENT.items():
        statuses = {
            shape.error_code: shape.metadata.get("error", {}).get("httpStatusCode")
            or STATUSES.get(shape.error_code, 400)
            for shape in session.get_service_model(service).error_shapes
        }
        assert {code for code, status in statuses.items() if is_tried_again(code, status)} == expected, service


def test_an_unknown_code_is_permanent_unless_the_service_failed():
    """A wrong request is refused with codes that nobody can list; it would be as wrong the next time."""
    for status, is_transient in [(400, False), (404, False), (408, False), (424, False), (429, True), (500, True)]:
        assert is_tried_again("NobodyHasListedThisException", status) == is_transient, status
