"""The reference page of all commands, generated from their help.

`python -m pgtune.cli.reference > docs/commands.md`, which is `./run docs`.
"""

from collections.abc import Iterator

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


def command_of(name: str) -> click.Command:
    """The command that these words call.

    Raises:
        LookupError: there is no such command.
    """
    command: click.Command = root
    for word in name.split()[1:]:
        found = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if found is None:
            raise LookupError(name)
        command = found
    return command


def _names() -> Iterator[str]:
    """Every command; of a group's own commands those that have examples, the others are told by the group's."""
    yield "pgtune"
    for name in COMMANDS:
        yield f"pgtune {name}"
        group = command_of(f"pgtune {name}")
        for word in group.list_commands(click.Context(group)) if isinstance(group, click.Group) else ():
            if command_of(f"pgtune {name} {word}").epilog:
                yield f"pgtune {name} {word}"


NAMES = tuple(_names())


def reference() -> str:
    """The page: `pgtune` itself and each of its commands."""
    helps = ((name, help_text(command_of(name), name).rstrip()) for name in NAMES)
    return "\n".join([HEAD, *(f"## {name}\n\n```text\n{text}\n```\n" for name, text in helps)])


if __name__ == "__main__":
    click.echo(reference(), nl=False)
