"""The services beside CloudFormation, as far as a deployment asks them."""

import io
from collections.abc import Mapping
from typing import Any, Protocol

from tests.fakes.aws_account.refusal import refusal


class Account(Protocol):
    """What the services share."""

    existing: dict[tuple[str, str], dict[str, Any]]
    objects: dict[tuple[str, str], bytes]
    lambda_: "FakeLambda"


class FakeS3:
    def __init__(self, account: Account) -> None:
        self._account = account

    def head_bucket(self, **arguments: Any) -> dict[str, Any]:
        if ("AWS::S3::Bucket", arguments["Bucket"]) not in self._account.existing:
            raise refusal("404", "Not Found")
        self._check_owner(arguments)
        return {}

    def _check_owner(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a request that names another owner; without a name, the bucket of another account is open to all."""
        bucket = self._account.existing.get(("AWS::S3::Bucket", arguments["Bucket"]), {})
        if arguments.get("ExpectedBucketOwner", "") not in {"", bucket.get("owner", "111122223333")}:
            raise refusal("403", "Forbidden")

    def create_bucket(self, **arguments: Any) -> dict[str, Any]:
        region = arguments.get("CreateBucketConfiguration", {}).get("LocationConstraint")
        if region == "us-east-1":
            raise refusal("InvalidLocationConstraint", "The specified location-constraint is not valid")
        if "owner" in self._account.existing.get(("AWS::S3::Bucket", arguments["Bucket"]), {}):
            raise refusal("BucketAlreadyExists", "The requested bucket name is not available")
        self._account.existing["AWS::S3::Bucket", arguments["Bucket"]] = {}
        return {}

    def put_public_access_block(self, **arguments: Any) -> None:
        self._check_owner(arguments)
        self._account.existing["AWS::S3::Bucket", arguments["Bucket"]]["closed"] = True

    def head_object(self, **arguments: Any) -> dict[str, Any]:
        self._check_owner(arguments)
        if (arguments["Bucket"], arguments["Key"]) not in self._account.objects:
            raise refusal("404", "Not Found")
        return {}

    def put_object(self, **arguments: Any) -> dict[str, Any]:
        self._check_owner(arguments)
        self._account.objects[arguments["Bucket"], arguments["Key"]] = arguments["Body"]
        return {}

    def get_object(self, **arguments: Any) -> dict[str, Any]:
        self._check_owner(arguments)
        key = arguments["Bucket"], arguments["Key"]
        if key not in self._account.objects:
            raise refusal("NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self._account.objects[key])}

    def list_objects_v2(self, **arguments: Any) -> dict[str, Any]:
        self._check_owner(arguments)
        keys = sorted(key for bucket, key in self._account.objects if bucket == arguments["Bucket"])
        keys = [key for key in keys if key.startswith(arguments.get("Prefix", ""))]
        # Two pages.
        half = len(keys) // 2
        is_second = "ContinuationToken" in arguments
        page = keys[half:] if is_second else keys[:half]
        token = {} if is_second else {"NextContinuationToken": "second"}
        if "Delimiter" in arguments:
            return {"CommonPrefixes": [{"Prefix": f"{key.split('/')[0]}/"} for key in page if "/" in key], **token}
        return {"Contents": [{"Key": key} for key in page], **token}


class FakeDynamoDb:
    def __init__(self, account: Account) -> None:
        self._account = account

    def describe_table(self, **arguments: Any) -> dict[str, Any]:
        name = arguments["TableName"]
        if ("AWS::DynamoDB::Table", name) not in self._account.existing:
            raise refusal("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        return {"Table": {"TableName": name, **self._account.existing["AWS::DynamoDB::Table", name]}}


class FakeSecretsManager:
    def __init__(self, account: Account) -> None:
        self._account = account

    def describe_secret(self, **arguments: Any) -> dict[str, Any]:
        secret = self._account.existing.get(("AWS::SecretsManager::Secret", arguments["SecretId"]))
        if secret is None:
            raise refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        versions = {secret["version"]: ["AWSCURRENT"]}
        deleted = {"DeletedDate": secret["deleted"]} if "deleted" in secret else {}
        return {"ARN": arguments["SecretId"], "VersionIdsToStages": versions, **deleted}


class FakeCognito:
    def __init__(self, account: Account) -> None:
        self._account = account

    def describe_user_pool(self, **arguments: Any) -> dict[str, Any]:
        if ("AWS::Cognito::UserPool", arguments["UserPoolId"]) not in self._account.existing:
            raise refusal("ResourceNotFoundException", f"User pool {arguments['UserPoolId']} does not exist.")
        return {"UserPool": {"Id": arguments["UserPoolId"]}}


class FakeSes:
    def __init__(self, account: Account) -> None:
        self._account = account
        self.has_production_access = True

    def get_email_identity(self, **arguments: Any) -> dict[str, Any]:
        if ("AWS::SES::EmailIdentity", arguments["EmailIdentity"]) not in self._account.existing:
            raise refusal("NotFoundException", "Email identity does not exist")
        return {"VerifiedForSendingStatus": True}

    def get_account(self, **_arguments: Any) -> dict[str, Any]:
        return {"ProductionAccessEnabled": self.has_production_access}


class FakeIam:
    def __init__(self, account: Account) -> None:
        self._account = account

    def list_open_id_connect_providers(self) -> dict[str, Any]:
        arns = [physical_id for kind, physical_id in self._account.existing if kind == "AWS::IAM::OIDCProvider"]
        return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]}

    def get_open_id_connect_provider(self, **arguments: Any) -> dict[str, Any]:
        if ("AWS::IAM::OIDCProvider", arguments["OpenIDConnectProviderArn"]) not in self._account.existing:
            raise refusal("NoSuchEntity", "OpenIDConnect Provider not found.")
        return {"Url": "token.actions.githubusercontent.com"}


class FakeSns:
    def __init__(self) -> None:
        self.is_in_sandbox = False

    def get_sms_sandbox_account_status(self, **_arguments: Any) -> dict[str, Any]:
        return {"IsInSandbox": self.is_in_sandbox}


class FakeLambda:
    """`others` is what functions outside of the tests' stacks have reserved."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.concurrency = 1000
        self.others = 0

    def count_unreserved(self) -> int:
        reserved: int = sum(each.get("reserved", 0) for each in self._account.existing.values())
        return self.concurrency - self.others - reserved

    def get_account_settings(self, **_arguments: Any) -> dict[str, Any]:
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self.concurrency,
                "UnreservedConcurrentExecutions": self.count_unreserved(),
            }
        }


class FakeBedrock:
    def __init__(self) -> None:
        self.has_profile = True
        self.agreement = "AVAILABLE"
        self.lifecycle = "ACTIVE"

    def get_foundation_model(self, **arguments: Any) -> dict[str, Any]:
        model = arguments["modelIdentifier"]
        arn = f"arn:aws:bedrock:eu-central-1::foundation-model/{model}"
        return {"modelDetails": {"modelId": model, "modelArn": arn, "modelLifecycle": {"status": self.lifecycle}}}

    def get_inference_profile(self, **arguments: Any) -> dict[str, Any]:
        if not self.has_profile:
            raise refusal("ResourceNotFoundException", "The provided inference profile is not found")
        model = arguments["inferenceProfileIdentifier"].removeprefix("eu.")
        arns = [f"arn:aws:bedrock:{region}::foundation-model/{model}" for region in ("eu-central-1", "eu-west-1")]
        return {"models": [{"modelArn": arn} for arn in arns], "status": "ACTIVE"}

    def get_foundation_model_availability(self, **arguments: Any) -> dict[str, Any]:
        return {
            "modelId": arguments["modelId"],
            "agreementAvailability": {"status": self.agreement},
            "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }


class FakeCloudWatch:
    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def describe_alarms(self, **arguments: Any) -> dict[str, Any]:
        return {
            "MetricAlarms": [
                {"AlarmName": name, "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:1:alarm:{name}", "StateValue": state}
                for name, state in self.states.items()
                if name in arguments["AlarmNames"]
            ]
        }


class FakeTagging:
    def __init__(self, account: Account) -> None:
        self._account = account

    def get_resources(self, **arguments: Any) -> dict[str, Any]:
        [stack] = arguments["TagFilters"][0]["Values"]
        found = []
        for (kind, physical_id), each in self._account.existing.items():
            if each.get("stack") != stack:
                continue
            arn = {
                "AWS::S3::Bucket": f"arn:aws:s3:::{physical_id}",
                "AWS::SecretsManager::Secret": physical_id,
                "AWS::Cognito::UserPool": f"arn:aws:cognito-idp:eu-central-1:1:userpool/{physical_id}",
            }.get(kind)
            if arn:
                tag = {"Key": "aws:cloudformation:logical-id", "Value": each["logical_id"]}
                found.append({"ResourceARN": arn, "Tags": [tag]})
        # Two pages, so that a reader of only the first one is noticed.
        if "PaginationToken" not in arguments:
            return {"ResourceTagMappingList": [], "PaginationToken": "second"}
        return {"ResourceTagMappingList": found, "PaginationToken": ""}
