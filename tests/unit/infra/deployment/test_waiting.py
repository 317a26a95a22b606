"""The wait for CloudFormation outlasts what passes, and says how to go on when it can't."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from infra.deployment.cloudformation.waiting import wait_for_stack
from infra.deployment.errors import UnwatchedError
from tests.fakes.aws_account.refusal import refusal

OUT_OF_ORDER = ClientError(
    {"Error": {"Code": "InternalFailure"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "DescribeStacks"
)
DISCONNECTED = EndpointConnectionError(endpoint_url="https://cloudformation")


class Answers:
    """A client that answers each poll with the next status, or with an error."""

    def __init__(self, *answers):
        self._answers = list(answers)

    def describe_stacks(self, **_arguments):
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return {"Stacks": [{"StackId": "arn", "StackStatus": answer}]}


def wait(*answers, silence_seconds=60.0):
    lines = []
    stack = wait_for_stack(
        Answers(*answers), "arn", poll_seconds=0, silence_seconds=silence_seconds, report=lines.append
    )
    return stack.status, lines


@pytest.mark.parametrize("error", [OUT_OF_ORDER, DISCONNECTED, refusal("Throttling")])
def test_an_answer_that_does_not_come_is_waited_for(error):
    """The operation goes on at AWS."""
    status, lines = wait("UPDATE_IN_PROGRESS", error, error, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    assert (status, lines) == ("UPDATE_COMPLETE", ["  UPDATE_IN_PROGRESS"])


@pytest.mark.parametrize("error", [OUT_OF_ORDER, DISCONNECTED])
def test_it_is_not_waited_for_without_end(error):
    """An emulator that does not answer has ended."""
    with pytest.raises(UnwatchedError, match=r"CloudFormation goes on \(UPDATE_IN_PROGRESS\)"):
        wait("UPDATE_IN_PROGRESS", error, silence_seconds=0)


@pytest.mark.parametrize("error", [NoCredentialsError(), refusal("ExpiredToken", "expired")])
def test_credentials_that_expire_do_not_look_like_a_failed_deployment(error):
    """An update may take longer than they are valid."""
    with pytest.raises(UnwatchedError, match=r"(?s)Sign in again.*goes on.*Deploy again when it has ended"):
        wait("UPDATE_IN_PROGRESS", error)


def test_ctrl_c_says_what_goes_on_and_how_it_is_stopped():
    """Only an update can be cancelled."""
    with pytest.raises(
        KeyboardInterrupt, match=r"goes on \(UPDATE_IN_PROGRESS\).*cancel-update-stack --stack-name arn"
    ):
        wait("UPDATE_IN_PROGRESS", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt) as interruption:
        wait("CREATE_IN_PROGRESS", KeyboardInterrupt())
    assert "cancel-update-stack" not in str(interruption.value)
