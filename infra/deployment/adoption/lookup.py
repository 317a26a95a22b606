"""Looks up resources that exist already: does one exist, with which keys, and which stack owns it."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.errors import error_code, error_message
from infra.deployment.findings import Clients

_MISSING = frozenset({"ResourceNotFoundException", "NotFoundException", "NoSuchBucket", "NoSuchEntity", "404"})


def read_table_keys(clients: Clients, name: str) -> list[tuple[str, str]] | None:
    """Return (attribute, HASH or RANGE) of a table; None if there is no such table."""
    try:
        table = clients("dynamodb").describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error_code(error) in _MISSING:
            return None
        raise
    return read_keys(table)


def read_keys(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (attribute, HASH or RANGE) of a described or declared table."""
    return sorted((each["AttributeName"], each["KeyType"]) for each in table["KeySchema"])


def exists(clients: Clients, kind: str, physical_id: str) -> bool:
    """Return whether a resource of one of the types that are imported exists."""
    try:
        match kind:
            case "AWS::DynamoDB::Table":
                clients("dynamodb").describe_table(TableName=physical_id)
            case "AWS::S3::Bucket":
                clients("s3").head_bucket(Bucket=physical_id)
            case "AWS::SecretsManager::Secret":
                clients("secretsmanager").describe_secret(SecretId=physical_id)
            case "AWS::Cognito::UserPool":
                clients("cognito-idp").describe_user_pool(UserPoolId=physical_id)
            case "AWS::SES::EmailIdentity":
                clients("sesv2").get_email_identity(EmailIdentity=physical_id)
            case "AWS::IAM::OIDCProvider":
                clients("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=physical_id)
            case _:
                return False
    except ClientError as error:
        if error_code(error) in _MISSING:
            return False
        raise
    return True


def is_being_deleted(clients: Clients, secret: str) -> bool:
    """Return whether a secret waits for its deletion, during which nobody can read it."""
    return "DeletedDate" in clients("secretsmanager").describe_secret(SecretId=secret)


def find_owner(clients: Clients, physical_id: str) -> str | None:
    """Return the id of the stack that a resource belongs to.

    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html)
    """
    try:
        found = clients("cloudformation").describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
    except ClientError as error:
        if "does not exist" in error_message(error):
            return None
        raise
    return next((each["StackId"] for each in found if each["PhysicalResourceId"] == physical_id), None)
