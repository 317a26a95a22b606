"""Passes the trace to AWS: as a header of each call, and as an attribute of a message."""

from typing import Any

from shared.trace import Trace, current_trace


def add_trace_header(params: dict[str, Any], **_: Any) -> None:
    """Add the current trace to the headers of a call; a handler of botocore's `before-call`.

    Botocore's own handler adds the trace of a Lambda invocation instead, which belongs to a whole batch of messages.
    The header is never part of a signature (`SIGNED_HEADERS_BLACKLIST` in `botocore.auth`).
    """
    trace = current_trace.get()
    if trace is not None:
        params["headers"]["X-Amzn-Trace-Id"] = trace.header


def build_trace_attribute(trace: Trace | None) -> dict[str, dict[str, str]]:
    """Return the `MessageSystemAttributes` of a message; it overrides the call's header, and its size is not counted.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
    """
    return {"AWSTraceHeader": {"DataType": "String", "StringValue": trace.header}} if trace else {}
