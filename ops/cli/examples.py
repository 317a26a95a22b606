"""Commands whose help ends with examples, printed without reflowing."""

import click


class WithExamples(click.Command):
    """A command whose epilog lists examples, one per line."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as click calls it
        """Write the examples unchanged; click would reflow the lines."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write("".join(f"{line}\n" for line in self.epilog.strip("\n").splitlines()))

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - as click calls it
        """Return the whole first paragraph for the list of commands; click would shorten it."""
        return " ".join((self.help or "").partition("\n\n")[0].split())


class GroupWithExamples(WithExamples, click.Group):
    """A group of commands with examples."""

    command_class = WithExamples
