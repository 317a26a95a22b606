"""`stride`, also as `python -m ops`."""

from ops.cli.app import stride


def main() -> None:
    """Run the command line."""
    stride(prog_name="stride")


if __name__ == "__main__":
    main()
