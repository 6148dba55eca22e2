"""What other schedulers read: a crontab, systemd units, Kubernetes objects, an Airflow file. Policies in, files out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pgtune import __version__
from pgtune.model.errors import BadInput
from pgtune.schedule.policy import Policy

IMAGE = f"pgtune:{__version__}"  # a tag that stays what it is
SLACK = 900  # seconds that a run gets beyond its deadline to cancel, clean up and say so, before it is killed


@dataclass(frozen=True, slots=True)
class Call:
    """How the exported line calls pgtune: the program, the server, and who and what runs it where that is asked for."""

    program: str = "pgtune"
    conninfo: str = ""
    user: str | None = None
    image: str = IMAGE


@dataclass(frozen=True, slots=True)
class File:
    """A file to be put where its scheduler looks; `place` is the usual folder."""

    name: str
    place: str
    text: str


Export = Callable[[Sequence[Policy], Call], tuple[File, ...]]


def title(policy: Policy) -> str:
    """A policy in one line."""
    return f"pgtune {policy.name}: {', '.join(policy.tasks)}"


def one_line(words: Sequence[str]) -> Sequence[str]:
    """The words, none of which can end a line of somebody's file.

    Raises:
        BadInput: one of them holds a line break or another control.
    """
    for word in words:
        if not word.isprintable():
            raise BadInput(f"{word!r} has letters that cannot be printed; a line of a schedule cannot hold it")
    return words
