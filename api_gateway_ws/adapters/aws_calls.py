"""The calls to AWS of ingress and authorizer, under the names that boto3's clients have.

Importing boto3 and creating one client takes longer than everything else of a cold start. These calls need neither
service descriptions nor credentials from anywhere but the environment. Connections are urllib3's, and errors are
botocore's, as the adapters expect.
"""

import copy
import json
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self
from urllib.parse import quote

from botocore.exceptions import ClientError

from api_gateway_ws.adapters.http_connection import RETRY_POLICY, HttpConnection, Response, RetryPolicy
from shared.aws.errors import is_transient
from shared.aws.signer import Credentials, RequestSigner
from shared.clock import Clock
from shared.json_objects import parse_json_object

_S3_CODE = re.compile(rb"<Code>(\w{1,80})</Code>")


@dataclass(frozen=True, slots=True)
class Region:
    """Where a service is, and who calls it."""

    name: str
    credentials: Credentials
    endpoint_url: str | None = None
    """The endpoint of an emulator; None on AWS."""

    def build_url(self, service: str) -> str:
        """Return the regional endpoint of a service (https://docs.aws.amazon.com/general/latest/gr/rande.html)."""
        return self.endpoint_url or f"https://{service}.{self.name}.amazonaws.com"


class _Calls:
    """Signed requests to one service."""

    def __init__(self, service: str, region: Region, clock: Clock, *, url: str | None = None) -> None:
        self._http = HttpConnection(url or region.build_url(service))
        self._signer = RequestSigner(service=service, region=region.name, host=self._http.host)
        self._credentials = region.credentials
        self._clock = clock
        self.retry_policy = RETRY_POLICY

    def with_retry_policy(self, retry_policy: RetryPolicy) -> Self:
        """Return the same calls, over the same connection, that give up earlier or later."""
        calls = copy.copy(self)
        calls.retry_policy = retry_policy
        return calls

    def request(self, method: str, path: str, *, headers: dict[str, str], body: bytes = b"") -> Response:
        """Return the response; `path` is percent-encoded.

        Raises:
            OSError: there was no answer.
        """
        full_path = f"{self._http.base_path}{path}"

        def sign() -> dict[str, str]:
            return self._signer.sign(
                method, full_path, headers=headers, body=body, credentials=self._credentials, now=self._clock.now()
            )

        return self._http.request(
            method,
            full_path,
            body=body,
            sign=sign,
            may_succeed_later=self._may_succeed_later,
            retry_policy=self.retry_policy,
        )

    def _may_succeed_later(self, response: Response) -> bool:
        return response.status >= 300 and is_transient(self.find_error_code(response), response.status)

    def find_error_code(self, response: Response) -> str:
        """Return the code of an error, `` if the response has none; JSON calls and S3 have it elsewhere."""
        return response.headers.get("x-amzn-errortype", "").partition(":")[0]


class _JsonCalls(_Calls):
    """Calls in the JSON protocol: the parameters are the body."""

    def __init__(self, service: str, region: Region, clock: Clock, *, target: str, version: str) -> None:
        super().__init__(service, region, clock)
        self._target = target
        self._content_type = f"application/x-amz-json-{version}"

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the answer.

        Raises:
            ClientError: the service refused the call.
            OSError: there was no answer, or one that is none of the service.
        """
        headers = {"Content-Type": self._content_type, "X-Amz-Target": f"{self._target}.{operation}"}
        response = self.request("POST", "/", headers=headers, body=json.dumps(parameters).encode())
        if response.status >= 300:
            error = _build_client_error(operation, response.status, self.find_error_code(response))
            # DynamoDB returns the item that did not meet a condition, if it is asked to.
            if item := (parse_json_object(response.body) or {}).get("Item"):
                error.response["Item"] = item
            raise error
        content = parse_json_object(response.body) if response.body else {}
        if content is None:
            raise ConnectionError("the answer is no JSON object")
        return content

    def find_error_code(self, response: Response) -> str:
        """Return the type in the body."""
        # The older name of SQS, which botocore prefers too: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
        if older := response.headers.get("x-amzn-query-error", "").partition(";")[0]:
            return older
        return str((parse_json_object(response.body) or {}).get("__type", "")).rpartition("#")[2]


class DynamoDb(_JsonCalls):
    """The calls to tables. The parameters are those of boto3's client, with typed attributes."""

    def __init__(self, region: Region, clock: Clock) -> None:
        super().__init__("dynamodb", region, clock, target="DynamoDB_20120810", version="1.0")

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """Put an item."""
        return self.call("PutItem", parameters)

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        """Get an item."""
        return self.call("GetItem", parameters)

    def update_item(self, **parameters: Any) -> dict[str, Any]:
        """Update an item."""
        return self.call("UpdateItem", parameters)

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        """Delete an item."""
        return self.call("DeleteItem", parameters)

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return one page of items."""
        return self.call("Query", parameters)


class Sqs(_JsonCalls):
    """The call to queues."""

    def __init__(self, region: Region, clock: Clock) -> None:
        super().__init__("sqs", region, clock, target="AmazonSQS", version="1.0")

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """Send a message."""
        return self.call("SendMessage", parameters)


class SecretsManager(_JsonCalls):
    """The call to secrets."""

    def __init__(self, region: Region, clock: Clock) -> None:
        super().__init__("secretsmanager", region, clock, target="secretsmanager", version="1.1")

    def get_secret_value(self, **parameters: Any) -> dict[str, Any]:
        """Return a secret."""
        return self.call("GetSecretValue", parameters)


class Bucket(_Calls):
    """The call to one S3 bucket.

    Its name is part of the host on AWS, and of the path in an emulator. A name with dots would not match the
    certificate (https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html).
    """

    def __init__(self, region: Region, clock: Clock, *, bucket: str) -> None:
        url = f"{region.build_url('s3')}/{bucket}"
        if region.endpoint_url is None and "." not in bucket:
            url = f"https://{bucket}.s3.{region.name}.amazonaws.com"
        super().__init__("s3", region, clock, url=url)

    def get_object(self, *, Key: str, IfNoneMatch: str | None = None) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Return an object; a `ClientError` with the code 304 if it still has the ETag `IfNoneMatch`."""
        headers = {"If-None-Match": IfNoneMatch} if IfNoneMatch else {}
        response = self.request("GET", f"/{quote(Key, safe='/~')}", headers=headers)
        if response.status >= 300:
            code = self.find_error_code(response) or str(response.status)
            raise _build_client_error("GetObject", response.status, code)
        return {"Body": BytesIO(response.body), "ETag": response.headers.get("ETag", "")}

    def find_error_code(self, response: Response) -> str:
        """Return the code in the XML of the body."""
        return found[1].decode() if (found := _S3_CODE.search(response.body)) else ""


class Connections(_Calls):
    """The call to the WebSocket API's own endpoint."""

    def __init__(self, region: Region, clock: Clock, *, endpoint_url: str) -> None:
        super().__init__("execute-api", region, clock, url=endpoint_url)

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        """Post to a connection; a `ClientError` with the status 410 if it is gone."""
        path = f"/@connections/{quote(ConnectionId, safe='~')}"
        response = self.request("POST", path, headers={"Content-Type": "application/octet-stream"}, body=Data)
        if response.status >= 300:
            raise _build_client_error("PostToConnection", response.status, self.find_error_code(response))


def _build_client_error(operation: str, status: int, code: str) -> ClientError:
    error = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, operation)
