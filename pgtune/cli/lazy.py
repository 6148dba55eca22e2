"""A group of commands that are modules of a package, each imported only when it is called."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click


class Lazy(click.Group):
    """`package` holds a module for each command, in which it is called `command`; `order` is theirs in the help."""

    def __init__(self, *words: Any, package: str, order: Sequence[str], **named: Any) -> None:
        super().__init__(*words, **named)
        self.package, self.order = package, order

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Every command, in the order a newcomer meets them."""
        return list(self.order)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module and take its `command`."""
        if cmd_name not in self.order:
            return None
        found: click.Command = import_module(f"{self.package}.{cmd_name}").command
        return found
