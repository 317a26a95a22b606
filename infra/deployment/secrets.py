"""Notices when a deployment gave a secret another value: CloudFormation generates one when a template says so."""

from collections.abc import Iterable

from infra.deployment.findings import Clients, Finding, Verdict, run_probe


def read_current_versions(clients: Clients, secrets: Iterable[str]) -> dict[str, str]:
    """Return the id of the current version of each secret; without permission, nothing."""
    found: dict[str, str] = {}

    def look() -> list[Finding]:
        for secret in secrets:
            stages = clients("secretsmanager").describe_secret(SecretId=secret).get("VersionIdsToStages", {})
            found.update((secret, version) for version, labels in stages.items() if "AWSCURRENT" in labels)
        return []

    run_probe("secrets", "secretsmanager:DescribeSecret", look)
    return found


def find_changed_values(before: dict[str, str], after: dict[str, str]) -> list[Finding]:
    """Return a finding for each secret whose current version is another one, with the command that restores it."""
    return [
        Finding(
            "secrets",
            Verdict.WARNING,
            f"{secret} has a new value",
            "Tokens, links and encrypted payloads made before can't be read.",
            f"aws secretsmanager update-secret-version-stage --secret-id {secret} --version-stage AWSCURRENT"
            f" --move-to-version-id {version} --remove-from-version-id {after[secret]}",
        )
        for secret, version in before.items()
        if secret in after and after[secret] != version
    ]
