"""Decides at which address a service of AWS is called, in the order of AWS's own SDKs."""

from collections.abc import Mapping

_PREFIX = "AWS_ENDPOINT_URL_"
_SERVICE_IDS = {"bedrock-runtime": "BEDROCK_RUNTIME", "secretsmanager": "SECRETS_MANAGER"}
"""Service ids with a space, which boto3's names of the services lack."""


def find_endpoint_url(service: str, *, general: str | None, environment: Mapping[str, str]) -> str | None:
    """Return the endpoint of the service's own variable, such as `AWS_ENDPOINT_URL_SQS`, or the general one.

    None stands for AWS itself. A client that is given the general endpoint would not read the service's variable.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    return environment.get(_PREFIX + _SERVICE_IDS.get(service, service.upper())) or general
