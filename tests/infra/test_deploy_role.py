"""The role with which a workflow deploys: who may assume it, what it may do, and what it may not."""

import functools
import json
import re
from fnmatch import fnmatchcase

import pytest

from tests.fakes.aws_account.schemas import schema
from tests.infra.conditions import Deployment
from tests.infra.resources import TEMPLATE
from tests.infra.template import as_list, of_type

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/stride"
CLAIM = "token.actions.githubusercontent.com"
DATA = ("dynamodb:table/stride-slots", "s3:knowledge", "secretsmanager:SessionKey", "cognito-idp:userpool/pool")

FEATURES_NOT_USED = {
    # Keys of the customer, networks, streams, distributions, delivery of logs.
    *("kms:", "ec2:", "elasticfilesystem:", "s3files:", "kinesis:", "s3tables:", "firehose:", "cloudfront:"),
    *("apigateway:TagResource", "apigateway:UntagResource"),  # not actions of IAM: tags are paths below /tags
    *("s3:REST.PUT.OBJECT", "s3:GetObjectMetadata", "s3:getObject", "s3:PutObjectLockConfiguration"),  # nor are these
    "iam:CreateServiceLinkedRole",
    *(f"iam:{verb}{kind}Policy" for verb in ("Attach", "Detach") for kind in ("Group", "User")),
    *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
    *("lambda:AssociateRuntimeAlias", "lambda:PassCapacityProvider", "lambda:PublishVersion", "lambda:GetLayerVersion"),
    *("lambda:PutFunctionRecursionConfig", "lambda:PutFunctionScalingConfig", "lambda:PutRuntimeManagementConfig"),
    *("lambda:GetCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig", "lambda:DeleteFunctionCodeSigningConfig"),
    *(
        "dynamodb:ImportTable",
        "dynamodb:DescribeImport",
        "dynamodb:AssociateTableReplica",
        "dynamodb:CreateTableReplica",
    ),
    *(f"dynamodb:{verb}KinesisStreamingDestination" for verb in ("Enable", "Disable", "Update")),
    *("dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"),
    *("logs:AssociateKmsKey", "logs:DisassociateKmsKey", "logs:CreateLogDelivery", "logs:PutBearerTokenAuthentication"),
    *("logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy", "logs:PutLogGroupDeletionProtection"),
    *("logs:PutIndexPolicy", "logs:DeleteIndexPolicy", "logs:PutResourcePolicy", "logs:DeleteResourcePolicy"),
    *("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),  # of an import of a table
    *("secretsmanager:ReplicateSecretToRegions", "secretsmanager:RemoveRegionsFromReplication"),
    *(f"ses:PutConfigurationSet{what}Options" for what in ("Archiving", "Delivery", "Suppression", "Tracking", "Vdm")),
    "sns:PutDataProtectionPolicy",
    *(
        f"s3:Put{what}Configuration"
        for what in ("Accelerate", "Analytics", "IntelligentTiering", "Inventory", "Metrics")
    ),
    *(f"s3:PutBucket{what}" for what in ("Abac", "Acl", "CORS", "Logging", "Notification", "ObjectLockConfiguration")),
    *("s3:PutBucketReplication", "s3:PutReplicationConfiguration", "s3:PutBucketWebsite", "s3:PutObjectAcl"),
    *(f"s3:DeleteBucket{what}" for what in ("AnalyticsConfiguration", "Cors", "Encryption", "Lifecycle", "Website")),
    *("s3:DeleteBucketMetricsConfiguration", "s3:DeleteBucketReplication"),
    *(f"s3:{verb}BucketMetadataTableConfiguration" for verb in ("Create", "Delete")),
    *(f"s3:UpdateBucketMetadata{what}TableConfiguration" for what in ("Annotation", "Inventory", "Journal")),
}
"""What the handlers of CloudFormation call only for properties that the template does not set."""

LEFT_TO_A_PERSON = {
    # Data is neither read nor deleted, and keys neither read nor created.
    *("dynamodb:DeleteTable", "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteObject", "cognito-idp:DeleteUserPool"),
    *(
        f"dynamodb:{name}"
        for name in ("Scan", "Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
    ),
    *("secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:GetSecretValue"),
    # The reminders of visitors are schedules of the group, and are deleted with it.
    *("scheduler:DeleteScheduleGroup", "scheduler:DeleteSchedule", "ses:DeleteEmailIdentity"),
    # Other stacks of the account use the provider.
    *(f"iam:{verb}OpenIDConnectProvider" for verb in ("Create", "Delete")),
    *("iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"),
    "iam:UpdateOpenIDConnectProviderThumbprint",
}
"""What a workflow may not do, although a change of the template might need it."""


def deployment(**parameters):
    return Deployment(TEMPLATE, **{"GitHubRepository": "owner/name", "CodeBucket": "code", **parameters})


def statements():
    [policy] = deployment().properties("DeployRole")["Policies"]
    return policy["PolicyDocument"]["Statement"]


def allowed_actions():
    return {action for each in statements() for action in as_list(each["Action"])}


def may(action, resource):
    """Return whether a statement without a condition allows the action on the resource."""
    return any(
        action in as_list(each["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in as_list(each["Resource"]))
        for each in statements()
    )


@functools.cache
def handler_permissions(kind):
    """Return what CloudFormation calls for a resource type, as the type's published schema says."""
    handlers = schema(kind)["handlers"]
    steps = ("create", "read", "update", "delete")
    return {action for step in steps for action in handlers.get(step, {}).get("permissions", ())}


def is_unused(action):
    return action in FEATURES_NOT_USED or f"{action.partition(':')[0]}:" in FEATURES_NOT_USED


@pytest.mark.parametrize("kind", sorted({each["Type"] for each in TEMPLATE["Resources"].values()}))
def test_the_role_may_do_what_cloudformation_calls_for_each_resource(kind):
    """CloudFormation uses the permissions of the caller.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
    """
    called = {action for action in handler_permissions(kind) if not is_unused(action)}
    assert called - LEFT_TO_A_PERSON <= allowed_actions()


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *((f"cloudformation:{name}ChangeSet", f"{STACK}/1") for name in ("Create", "Describe", "Execute", "Delete")),
        *((f"cloudformation:{name}", f"{STACK}/1") for name in ("DescribeStacks", "ListStackResources", "GetTemplate")),
        ("cloudformation:UpdateTerminationProtection", f"{STACK}/1"),
        ("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:stride-bedrock-latency"),
        *((f"s3:{name}Object", "arn:aws:s3:::code/workers-1.zip") for name in ("Get", "Put")),
        ("s3:ListBucket", "arn:aws:s3:::code"),
        ("lambda:GetAccountSettings", "*"),
        ("sns:GetSMSSandboxAccountStatus", "*"),
        ("ses:GetAccount", "*"),
        ("bedrock:GetInferenceProfile", "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.any"),
        ("bedrock:GetFoundationModelAvailability", "*"),
        ("bedrock:GetFoundationModel", "arn:aws:bedrock:eu-central-1::foundation-model/anthropic.any"),
        (
            "secretsmanager:DescribeSecret",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:chatbot/google-calendar-AbCdEf",
        ),
    ],
)
def test_the_role_may_do_what_the_deploy_tool_calls(action, resource):
    """It uploads the packages, shows the change set, carries it out and waits; and it looks at the account before."""
    assert may(action, resource)


def test_the_role_may_do_nothing_that_is_left_to_a_person():
    """A workflow runs whatever was pushed, so the loss or the copy of data must need more than a push."""
    allowed = {(action, resource) for action in LEFT_TO_A_PERSON for resource in DATA if may(action, resource)}
    assert not allowed
    assert not LEFT_TO_A_PERSON & allowed_actions()


def test_the_role_changes_every_role_of_the_template_but_itself():
    """Otherwise a push could give the workflow any permission."""
    for name in of_type(TEMPLATE, "AWS::IAM::Role"):
        arn = f"arn:aws:iam::123456789012:role/stride-{name}-1ABC2DEF3GHI"
        for action in (
            *("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"),
            *("iam:CreateRole", "iam:DeleteRole"),
        ):
            assert may(action, arn) is (name != "DeployRole"), (action, name)


def test_policies_are_attached_only_if_they_are_of_this_stack():
    """AdministratorAccess is not; and a role is passed only to the services that run its functions and reminders."""
    conditions = {
        action: each.get("Condition")
        for each in statements()
        for action in as_list(each["Action"])
        if action in {"iam:AttachRolePolicy", "iam:PassRole"}
    }
    assert conditions == {
        "iam:AttachRolePolicy": {"ArnLikeIfExists": {"iam:PolicyARN": "arn:aws:iam::123456789012:policy/stride-*"}},
        "iam:PassRole": {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}},
    }


def test_the_policy_fits_into_a_role():
    """IAM allows 10 240 characters, without white space.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    deployed = deployment(**{"Prefix": "p" * 31, "AWS::StackName": "s" * 31, "AWS::Region": "ap-southeast-1"})
    [policy] = deployed.properties("DeployRole")["Policies"]
    assert len(re.sub(r"\s", "", json.dumps(policy["PolicyDocument"]))) <= 10_240


@pytest.mark.parametrize(
    ("parameters", "created"),
    [
        ({"GitHubRepository": ""}, set()),
        ({}, {"DeployRole", "GitHubOidcProvider"}),
        ({"GitHubOidcProviderArn": PROVIDER}, {"DeployRole"}),
    ],
)
def test_the_provider_is_created_only_where_none_is_named(parameters, created):
    """An account has one provider for an address: IAM refuses a second one, and with it the second stack."""
    assert {"DeployRole", "GitHubOidcProvider"} & set(deployment(**parameters).resources()) == created


@pytest.mark.parametrize(
    ("parameters", "provider", "subject"),
    [
        ({}, "GitHubOidcProvider", "repo:owner/name:ref:refs/heads/main"),
        ({"GitHubBranch": "release"}, "GitHubOidcProvider", "repo:owner/name:ref:refs/heads/release"),
        (
            {"GitHubRepository": "owner@12/name@34", "GitHubOidcProviderArn": PROVIDER},
            PROVIDER,
            "repo:owner@12/name@34:ref:refs/heads/main",
        ),
    ],
)
def test_only_the_branch_of_the_repository_assumes_the_role(parameters, provider, subject):
    """Both claims are compared as a whole: a pattern for `sub` would let pull requests or other branches in.

    https://docs.github.com/en/actions/reference/security/oidc
    """
    [statement] = deployment(**parameters).properties("DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {"StringEquals": {f"{CLAIM}:aud": "sts.amazonaws.com", f"{CLAIM}:sub": subject}}


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("", True),
        ("owner/name", True),
        ("owner-1/name.of_it", True),
        ("owner@123/name@456", True),
        ("owner/*", False),
        ("*", False),
        ("owner/name:ref:refs/heads/main", False),
        ("owner", False),
    ],
)
def test_the_repository_is_one_repository_or_nothing(given, accepted):
    """It becomes a part of the subject."""
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["GitHubRepository"]["AllowedPattern"], given)) is accepted
