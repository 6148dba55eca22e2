"""The reference page of all commands, generated from their help.

`python -m pgtune.cli.reference > docs/commands.md`, which is `./run docs`.
"""

import click

from pgtune.cli import COMMANDS, root

WIDTH = 78  # what click fills of a terminal with 80 columns
HEAD = """# Commands

Generated from each command's `--help` by `./run docs`; a test fails when this page is stale.
"""


def help_text(command: click.Command, name: str) -> str:
    """What `--help` prints in a terminal of 80 columns, wherever it is run."""
    context = click.Context(
        command,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=root.context_settings["help_option_names"],
    )
    with context:
        return command.get_help(context)


NAMES = ("pgtune", *(f"pgtune {name}" for name in COMMANDS))


def command_of(name: str) -> click.Command:
    """The command that these words call.

    Raises:
        LookupError: there is no such command.
    """
    command = root.get_command(click.Context(root), name.removeprefix("pgtune").strip()) if name != "pgtune" else root
    if command is None:
        raise LookupError(name)
    return command


def reference() -> str:
    """The page: `pgtune` itself and each of its commands."""
    helps = ((name, help_text(command_of(name), name).rstrip()) for name in NAMES)
    return "\n".join([HEAD, *(f"## {name}\n\n```text\n{text}\n```\n" for name, text in helps)])


if __name__ == "__main__":
    click.echo(reference(), nl=False)
