"""What the stack's processes see of the environment: nothing of the user's AWS, all of the deployment's."""

import os
from collections.abc import Mapping

from infra.aws import EMULATOR_CREDENTIALS, REGION


def clean_environment() -> dict[str, str]:
    """Return this process's environment without a trace of real credentials, profiles or endpoints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOOGLE_", "POOL_"))}
    # Half a dozen Python processes start at once: compiling everything anew in each of them doubles the time.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    # Nothing on this machine is reached through a proxy, and some libraries would try.
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def emulator_environment(endpoint_url: str) -> dict[str, str]:
    """Return what sends every AWS client to the emulator."""
    return {
        **clean_environment(),
        **EMULATOR_CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Without it a client without credentials asks the instance's metadata service, and waits.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def pool_environment(
    endpoint_url: str,
    settings: Mapping[str, str],
    *,
    bedrock: Mapping[str, str],
    calendar_url: str,
    sender: str,
) -> dict[str, str]:
    """Return what `python -m workers.NAME` needs; `settings` are the deployment's outputs."""
    return {
        **emulator_environment(endpoint_url),
        **settings,
        **bedrock,
        "GOOGLE_CALENDAR_ENDPOINT": calendar_url,
        "USE_SECRETS_MANAGER": "true",
        "SES_FROM_EMAIL": sender,
        # The emulator keeps text messages to itself; the inbox page shows them.
        "SMS_ENABLED": "true",
        # At a terminal, Ctrl-C should not wait for an answer's end; what is cut off is done again on the next start.
        "POOL_DRAIN_SECONDS": "3",
        "POOL_HEALTH_PORT": "0",
    }
