"""An AWS account in memory: what exists in it, and clients that refuse what AWS refuses.

A test can make any call fail: `account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound")`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.aws_account import services
from tests.fakes.aws_account.cloudformation import FakeCloudFormation
from tests.fakes.aws_account.refusal import refusal
from tests.fakes.aws_account.shapes import check_answer, check_request


class FakeAccount:
    """The resources by (type, physical id), the objects of its buckets, and its services."""

    def __init__(self) -> None:
        self.existing: dict[tuple[str, str], dict[str, Any]] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.cloudformation = FakeCloudFormation(self)
        self.s3 = services.FakeS3(self)
        self.ses = services.FakeSes(self)
        self.sns = services.FakeSns()
        self.lambda_ = services.FakeLambda(self)
        self.bedrock = services.FakeBedrock()
        self.cloudwatch = services.FakeCloudWatch()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self._refusals: list[_Refusal] = []
        self._services: dict[str, Any] = {
            "cloudformation": self.cloudformation,
            "s3": self.s3,
            "dynamodb": services.FakeDynamoDb(self),
            "secretsmanager": services.FakeSecretsManager(self),
            "cognito-idp": services.FakeCognito(self),
            "sesv2": self.ses,
            "sns": self.sns,
            "lambda": self.lambda_,
            "bedrock": self.bedrock,
            "cloudwatch": self.cloudwatch,
            "iam": services.FakeIam(self),
            "resourcegroupstaggingapi": services.FakeTagging(self),
        }

    def client(self, service: str) -> "FakeClient":
        """Return the client of a service."""
        return FakeClient(self, service)

    def refuse(self, service: str, method: str, code: str, message: str = "", *, times: int = 1) -> None:
        """Make the next calls of a method fail."""
        self._refusals.append(_Refusal(service, method, refusal(code, message, method), times))

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the arguments of the calls of a method."""
        return [arguments for _, name, arguments in self.calls if name == method]

    def call(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        """Answer a call as AWS does."""
        check_request(service, method, arguments)
        self.calls.append((service, method, arguments))
        for each in self._refusals:
            if (each.service, each.method) == (service, method) and each.times > 0:
                each.times -= 1
                raise each.error
        answer = getattr(self._services[service], method)(**arguments)
        check_answer(service, method, answer)
        return answer


@dataclass
class _Refusal:
    service: str
    method: str
    error: ClientError
    times: int = field(default=1)


class FakeClient:
    """A boto3 client: every method is one of the service."""

    def __init__(self, account: FakeAccount, service: str) -> None:
        self._account = account
        self._service = service

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda **arguments: self._account.call(self._service, method, arguments)
