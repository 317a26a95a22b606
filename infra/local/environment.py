"""The environment variables of the stack's processes: none of the user's AWS settings, all of the deployment's."""

import os
from collections.abc import Mapping

from infra.aws import EMULATOR_CREDENTIALS, REGION


def build_clean_environment() -> dict[str, str]:
    """Return this process's environment without AWS and Google credentials, profiles, endpoints and pool settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOOGLE_", "POOL_"))}
    # Six Python processes start at once: compiling all modules in each of them would double the time.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    # No local address is reached through a proxy, but some libraries would try.
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def build_emulator_environment(endpoint_url: str) -> dict[str, str]:
    """Return the environment with which every AWS client calls the emulator."""
    return {
        **build_clean_environment(),
        **EMULATOR_CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Otherwise a client without credentials calls the instance metadata service, and waits.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def build_pool_environment(
    endpoint_url: str,
    settings: Mapping[str, str],
    *,
    bedrock: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment of `python -m workers.NAME`; `settings` are the deployment's outputs."""
    return {
        **build_emulator_environment(endpoint_url),
        **settings,
        **bedrock,
        # Ctrl-C should not wait for the end of an answer; an interrupted command is processed after the next start.
        "POOL_DRAIN_SECONDS": "3",
        "POOL_HEALTH_PORT": "0",
        # All visitors have the same IP address.
        "POOL_ADDRESS_SHARE": "1",
    }
