"""What CloudFormation's `Ref` returns, where MiniStack returns something else."""

from typing import Any

from ministack.services import secretsmanager

_TYPE = "AWS::SecretsManager::Secret"


def refer_to_secrets_by_arn(handlers: dict[str, dict[str, Any]]) -> None:
    """Let the `Ref` of a secret be its ARN, which policies name, instead of its name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """
    create, update, delete = (handlers[_TYPE][step] for step in ("create", "update", "delete"))

    def create_secret(*arguments: Any, **options: Any) -> tuple[str, dict[str, Any]]:
        _name, attributes = create(*arguments, **options)
        return attributes["Arn"], attributes

    def update_secret(physical_id: str, *arguments: Any, **options: Any) -> tuple[str, dict[str, Any]]:
        _name, attributes = update(_find_name(physical_id), *arguments, **options)
        return attributes["Arn"], attributes

    def delete_secret(physical_id: str, *arguments: Any, **options: Any) -> None:
        delete(_find_name(physical_id), *arguments, **options)

    handlers[_TYPE] |= {"create": create_secret, "update": update_secret, "delete": delete_secret}


def _find_name(arn: str) -> str:
    name, _secret = secretsmanager._resolve(arn)
    return str(name or arn)
