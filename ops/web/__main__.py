"""`python -m ops.web`: serve the desk of the local stack or of a deployed stack."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ops.deployment import find_deployment
from ops.web.serve import DeskAddress, serve
from ops.web.settings import WebSettings
from shared.errors import ConfigurationError
from shared.log import configure_logging

EPILOG = """\
examples:
  python -m ops.web                              the local stack that .stride/stack.json describes
  python -m ops.web --stack stride --port 8090   a deployed stack, with your AWS credentials

`stride desk tokens issue NAME` issues a token for signing in.

Variables: DESK_HOST, DESK_PORT, DESK_PUBLIC_URL, DESK_TIME_ZONE, DESK_SESSION_KEY, DESK_TRUSTED_PROXIES,
DESK_REQUEST_SECONDS, for a shared token DESK_TOKEN, DESK_OPERATOR_NAME, DESK_TENANTS, and for sign-in with OpenID
Connect DESK_OIDC_ISSUER, DESK_OIDC_CLIENT_ID, DESK_OIDC_CLIENT_SECRET.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 after a requested stop, 1 if the desk could not be started."""
    parser = argparse.ArgumentParser(
        prog="python -m ops.web",
        description="Serve the desk in the browser.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", help="name of a deployed stack")
    parser.add_argument("--stack-file", type=Path, help="description of a local stack")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one (default)")
    arguments = parser.parse_args(argv)
    return run(stack=arguments.stack, stack_file=arguments.stack_file, port=arguments.port)


def run(*, stack: str | None = None, stack_file: Path | None = None, port: int | None = None) -> int:
    """Serve the desk of a deployment until it is stopped; return the exit code."""
    configure_logging(component="desk")
    overrides: dict[str, Any] = {} if port is None else {"port": port}
    try:
        settings = WebSettings(**overrides)
        asyncio.run(serve(find_deployment(stack=stack, stack_file=stack_file), settings, ready=_print_address))
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, problem['loc'])).upper() or 'settings'}: {problem['msg']}"
            for problem in error.errors()
        )
        print(f"not started, check the variables DESK_*: {'; '.join(problems)}", file=sys.stderr)
        return 1
    except ConfigurationError as error:
        print(f"not started: {error}", file=sys.stderr)
        return 1
    return 0


def _print_address(address: DeskAddress) -> None:
    """Print the address on a line that begins with `ready`, and the address of the sign-in."""
    print(f"ready {address.url}", flush=True)
    print(f"sign in at {address.sign_in_url}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
