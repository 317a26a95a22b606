"""Reads the environment of the command line: the operating system's user, and the target of AWS calls."""

import getpass
import os
from collections.abc import MutableMapping

from shared.errors import ConfigurationError

EMULATOR_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""An emulator requires credentials; these can't be real ones."""


def find_account_name() -> str:
    """Return the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError("the name of your account is unknown: give one with --as NAME") from None


def send_calls_to_emulator(endpoint_url: str, region: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """Direct every AWS client of this process to an emulator, without the user's own AWS settings."""
    for name in [name for name in environment if name.startswith("AWS_")]:
        del environment[name]
    environment.update(
        {
            **EMULATOR_CREDENTIALS,
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # Without it, a client without credentials calls the instance metadata service and waits.
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )


def find_aws_region(environment: MutableMapping[str, str] = os.environ) -> str:
    """Return the region that the environment names, or the project's default."""
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "eu-central-1"
