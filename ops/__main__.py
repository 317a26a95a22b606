"""The command `stride`, also run as `python -m ops`."""

import sys

_OURS = frozenset({"api_gateway_ws", "ops", "shared", "workers"})
_NOT_INSTALLED = 3
"""The same as `ops.cli.session.NO_DEPLOYMENT`, which can't be imported if a package is missing."""


def main() -> None:
    """Run the command line; print one line if a package of the extra `desk` is not installed."""
    try:
        # An installation without the extra has no click, which this imports first.
        from ops.cli.app import stride  # noqa: PLC0415

        stride(prog_name="stride")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if not missing or missing in _OURS:
            raise
        how = "install stride-chat with its extra: `stride-chat[desk]`, or `make setup` in a checkout"
        sys.stderr.write(f"Error: {missing} is not installed; {how}\n")
        raise SystemExit(_NOT_INSTALLED) from None


if __name__ == "__main__":
    main()
