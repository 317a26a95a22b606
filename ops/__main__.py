"""`stride`, also as `python -m ops`."""

import sys

_OURS = frozenset({"api_gateway_ws", "ops", "shared", "workers"})
_NOT_INSTALLED = 3
"""As where there is no deployment; the command line, which has a name for it, is what is missing."""


def main() -> None:
    """Run the command line; without what it needs beside the workers, say so in a sentence."""
    try:
        # A plain installation has no click, which is the first thing that this imports.
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
