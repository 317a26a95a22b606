"""The credentials with which a pool runs, where IAM is enforced."""

from typing import Any

_SECONDS = 12 * 3600
"""The longest session of a role."""


def assume_role(sts: Any, role_arn: str, *, session: str) -> dict[str, str]:
    """Return the credentials of a role's session as environment variables."""
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=session, DurationSeconds=_SECONDS)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["SessionToken"],
    }
