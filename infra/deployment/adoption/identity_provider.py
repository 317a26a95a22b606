"""Finds the account's identity provider for GitHub: IAM refuses a second one, and with it the stack."""

from collections.abc import Collection, Iterator, Mapping

from infra.deployment.findings import Clients, Finding, Verdict, run_probe

LOGICAL_ID, PARAMETER = "GitHubOidcProvider", "GitHubOidcProviderArn"
_HOST = "token.actions.githubusercontent.com"


def find_provider(
    clients: Clients, values: Mapping[str, str], *, owned: Collection[str]
) -> tuple[dict[str, str], list[Finding]]:
    """Return the parameter that names an existing provider, and what was found.

    `owned` are the logical ids that the stack has or imports; a provider that is among them stays in the stack.
    """
    if not values.get("GitHubRepository") or values.get(PARAMETER) or LOGICAL_ID in owned:
        return {}, []
    parameters: dict[str, str] = {}

    def probe() -> Iterator[Finding]:
        for each in clients("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            if each["Arn"].endswith(f"/{_HOST}"):
                parameters[PARAMETER] = each["Arn"]
                yield Finding(LOGICAL_ID, Verdict.OK, f"{each['Arn']} exists", "It is used, not created.")

    return parameters, run_probe(LOGICAL_ID, "iam:ListOpenIDConnectProviders", probe)
