"""What the queue's port makes of a refusal: an error that says "again", "never", or what a person has to mend."""

from datetime import timedelta

import pytest

from shared.consumer.delivery import FailedEntry
from shared.errors import DeploymentError, PermanentError, TransientError
from tests.contracts.stores.queue.neighbour import CALLS, DELIVERIES, answer, refusal


@pytest.mark.parametrize(
    "response",
    [
        refusal("com.amazonaws.sqs#RequestThrottled", older="x-amzn-query-error: RequestThrottled;Sender"),
        refusal("com.amazon.coral.availability#ThrottlingException"),
        answer("", status=429),
    ],
    ids=["sqs", "coral", "status"],
)
async def test_a_throttle_asks_for_a_pause(neighbour, queue, call, response):
    """In whichever form it comes."""
    neighbour.response = response
    with pytest.raises(TransientError) as caught:
        await call(queue)
    assert caught.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    "response",
    [
        refusal("com.amazonaws.sqs#InternalFailure", status=500, older="x-amzn-query-error: InternalFailure;Receiver"),
        answer("<html>Bad Gateway</html>", status=502),
        answer("", status=503),
        refusal("com.amazon.coral.service#ExpiredTokenException", status=403),
    ],
    ids=["500", "502", "503", "expired"],
)
async def test_a_transient_refusal_is_retried(neighbour, queue, call, response):
    """Nothing is wrong with the request."""
    neighbour.response = response
    with pytest.raises(TransientError) as caught:
        await call(queue)
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            refusal(
                "com.amazonaws.sqs#QueueDoesNotExist",
                older="x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
            "aws_AWS.SimpleQueueService.NonExistentQueue",
        ),
        (refusal("com.amazonaws.sqs#QueueDoesNotExist"), "aws_QueueDoesNotExist"),
        (
            refusal("com.amazon.coral.service#AccessDeniedException", status=403),
            "aws_AccessDeniedException",
        ),
        (refusal("com.amazon.coral.service#UnrecognizedClientException"), "aws_UnrecognizedClientException"),
    ],
    ids=["missing", "missing, new name", "denied", "unknown key"],
)
async def test_what_a_person_has_to_mend(neighbour, queue, call, response, reason):
    """A resource, a permission or a key is missing; no message is to blame."""
    neighbour.response = response
    with pytest.raises(DeploymentError) as caught:
        await call(queue)
    assert caught.value.reason == reason


@pytest.mark.parametrize("response", [refusal("com.amazonaws.sqs#UnsupportedOperation"), answer("<html>", status=400)])
async def test_what_will_never_work(neighbour, queue, call, response):
    """It would be as wrong the next time, and its words stay where they are."""
    neighbour.response = response
    with pytest.raises(PermanentError) as caught:
        await call(queue)
    assert caught.value.reason in {"aws_UnsupportedOperation", "aws_400"}
    assert not isinstance(caught.value, DeploymentError)


@pytest.mark.parametrize("name", ["delete", "change_visibility"])
@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("ReceiptHandleIsInvalid", True),
        ("InvalidParameterValue", True),
        ("InvalidParameterValueException", True),
        ("AWS.SimpleQueueService.MessageNotInflight", True),
        ("InternalError", False),
        ("RequestThrottled", False),
        ("KmsThrottled", False),
    ],
)
async def test_a_refused_entry_says_whether_another_try_helps(neighbour, queue, name, code, gone):
    """A receipt that is no longer valid is gone; an error of the server is transient."""
    neighbour.response = answer(
        f'{{"Successful": [{{"Id": "2"}}, {{"Id": "0"}}],'
        f' "Failed": [{{"Id": "1", "Code": "{code}", "SenderFault": true, "Message": "no"}}]}}'
    )
    assert await CALLS[name](queue) == [FailedEntry(DELIVERIES[1], gone=gone)]
