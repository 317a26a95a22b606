"""Commands whose help ends with examples, line for line as they are written."""

import click


class WithExamples(click.Command):
    """A command whose epilog is a list of examples, one a line."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as click calls it
        """Write the examples as they are; click would fill the lines."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write("".join(f"{line}\n" for line in self.epilog.strip("\n").splitlines()))

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - as click calls it
        """Return the whole first paragraph for the list of commands; click would cut it in the middle."""
        return " ".join((self.help or "").partition("\n\n")[0].split())


class GroupWithExamples(WithExamples, click.Group):
    """A group of such commands."""

    command_class = WithExamples
