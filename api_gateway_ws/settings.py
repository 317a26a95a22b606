"""The environment settings of the ingress and the authorizer."""

import os

from shared.settings import AwsSettings


class IngressSettings(AwsSettings):
    """Queues and the key that signs resume tokens."""

    chat_queue_url: str
    booking_queue_url: str
    session_key_secret_id: str


class AuthorizerSettings(AwsSettings):
    """The settings of the authorizer, which reads only profiles and the key."""

    conversations_table: str = ""
    connections_table: str = ""
    processed_table: str = ""
    websocket_endpoint: str = ""
    session_key_secret_id: str


def read_lambda_trace_header() -> str | None:
    """Return the trace header of this invocation: Lambda sets the variable for each invocation.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return os.environ.get("_X_AMZN_TRACE_ID")
