"""The file that a run writes, in its two forms: postgresql.auto.conf through ALTER SYSTEM, and our own in conf.d."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pgtune.model.step import Step
from pgtune.server import autoconf, confd, files
from pgtune.server.autoconf import Assign, Back
from pgtune.server.writer import Writer

Before = Callable[[Assign], None]


class ConfigurationFile(Protocol):
    """What a run needs of the file it writes."""

    def read(self) -> bytes | None:
        """The content now, None if there is no file."""

    def write(self, assigns: Sequence[Assign], before: Before) -> None:
        """Carry the changes out in their order; `before` is called ahead of each."""

    def restore(self, image: bytes | None, steps: Sequence[Step], before: Before) -> Back:
        """Take steps back; where nothing else changed the file holds `image` afterwards, byte for byte."""


@dataclass(frozen=True, slots=True)
class AutoConf:
    """postgresql.auto.conf. `local` is the same file as reachable from this machine and writable, or None."""

    writer: Writer
    local: Path | None = None

    def read(self) -> bytes | None:
        """The content now.

        Raises:
            NotAllowed: the role may not read it, nor this account.
        """
        return self.writer.auto_conf() if self.local is None else files.read(self.local)

    def write(self, assigns: Sequence[Assign], before: Before) -> None:
        """One ALTER SYSTEM after the other.

        Raises:
            NotAllowed, Refused, ConnectionLost: as the server answers.
        """
        for assign in assigns:
            before(assign)
            self.writer.alter(assign)

    def restore(self, image: bytes | None, steps: Sequence[Step], before: Before) -> Back:
        """In one go where the file is at hand and holds nothing that would be lost; else by statements.

        Raises:
            PgtuneError: as the server or the operating system answers.
        """
        now = self.read()
        back = _way_back(now, image, steps)
        if now == image:
            return back
        if self.local is None or (now is not None and not autoconf.canonical(now)):
            self.write(back.assigns, before)
            return back
        for assign in back.assigns:
            before(assign)
        rest = autoconf.after(autoconf.parse(now), back.assigns)
        files.replace(self.local, image if back.exact else autoconf.render(rest), self.local.parent / "PG_VERSION")
        return back


@dataclass(frozen=True, slots=True)
class DropIn:
    """Our own file in an included folder."""

    path: Path
    like: Path

    def read(self) -> bytes | None:
        """The content now."""
        return files.read(self.path)

    def write(self, assigns: Sequence[Assign], before: Before) -> None:
        """All at once.

        Raises:
            NotAllowed: the operating system refused; the file is as it was.
        """
        for assign in assigns:
            before(assign)
        entries = autoconf.after(autoconf.parse(self.read()), assigns)
        files.replace(self.path, autoconf.render(entries, confd.HEADER), self.like)

    def restore(self, image: bytes | None, steps: Sequence[Step], before: Before) -> Back:
        """Put the old file back, or remove it where there was none; keep what others wrote into it.

        Raises:
            NotAllowed: the operating system refused.
        """
        now = self.read()
        back = _way_back(now, image, steps)
        if now == image:
            return back
        for assign in back.assigns:
            before(assign)
        if back.exact and (now is None or autoconf.canonical(now, confd.HEADER)):
            files.replace(self.path, image, self.like)
        else:
            entries = autoconf.after(autoconf.parse(now), back.assigns)
            files.replace(self.path, autoconf.render(entries, confd.HEADER), self.like)
        return back


def _way_back(now: bytes | None, image: bytes | None, steps: Sequence[Step]) -> Back:
    return autoconf.way_back(
        autoconf.parse(now), autoconf.parse(image), [(step.name, step.before, step.after) for step in steps]
    )
