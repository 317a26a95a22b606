"""Refuses what can't be deployed before packages are built and the account is asked."""

import re

from infra.deployment.constraints import check_values
from infra.deployment.errors import DeployError
from infra.deployment.parameters import check_names
from infra.deployment.request import Request
from infra.deployment.template import Template
from infra.deployment.versions.records import CODE

OWN_PARAMETERS = ("CodeBucket", *CODE)
"""Parameters that only this tool sets."""

EMULATOR_PARAMETERS = ("LocalEndpoint", "LocalBedrockEndpoint", "LocalCalendarEndpoint")
"""On AWS they would take away what the emulator lacks, and direct the functions to an address of this machine."""

_STACK_NAME = r"[A-Za-z][A-Za-z0-9-]*"
"""(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stack.html)"""

_BUCKET_NAME_LENGTH = 63
"""(https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)"""


def check_stack_name(stack: str, region: str) -> None:
    """Refuse a name that CloudFormation or the name of the code bucket does not permit."""
    max_length = _BUCKET_NAME_LENGTH - len(f"-code-123456789012-{region}")
    if not re.fullmatch(_STACK_NAME, stack) or len(stack) > max_length:
        quoted = repr(stack[:max_length]) + ("..." if stack[max_length:] else "")
        raise DeployError(
            f"a stack can't be called {quoted}: a name has letters, digits and hyphens, begins with a letter, and in"
            f" {region} has up to {max_length} characters"
        )


def check_parameters(template: Template, request: Request, *, is_emulator: bool) -> None:
    """Refuse unknown parameters, those that only this tool sets, and values that the template does not accept."""
    check_names(template, request.parameters)
    named = set(request.parameters)
    if own := sorted(named & set(OWN_PARAMETERS)):
        raise DeployError(f"{', '.join(own)}: only this tool sets it; VERSION= chooses another package")
    if not is_emulator and (local := sorted(each for each in named & set(EMULATOR_PARAMETERS))):
        raise DeployError(f"{', '.join(local)}: only for an emulator, which AWS_ENDPOINT_URL names")
    check_values(template, request.parameters)
