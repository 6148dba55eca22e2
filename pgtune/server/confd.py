"""The other way to write settings: a file of our own in a folder that postgresql.conf includes, as Debian's conf.d."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pgtune.model.errors import BadInput, MustNotRunHere, NotAllowed
from pgtune.server import autoconf, files
from pgtune.server.writer import FileLine, Target

NAME = "99-pgtune.conf"
HEADER = (
    "# Written by pgtune; `pgtune history` says when, `pgtune undo` takes it back. A change by hand is respected.\n"
)
AUTO = "postgresql.auto.conf"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is included: `name` as the server knows it, `local` as reachable here, `line` of the include."""

    name: str
    local: Path
    main: str
    main_local: Path
    line: int

    @property
    def file(self) -> str:
        """Our file in it, as the server names it."""
        return str(PurePosixPath(self.name) / NAME)

    @property
    def local_file(self) -> Path:
        """Our file in it, as reachable here."""
        return self.local / NAME


def find(target: Target, data_directory: Path) -> Folder:
    """The last folder that the server's postgresql.conf includes.

    Args:
        target: the server.
        data_directory: its data directory as reachable from this machine.

    Raises:
        MustNotRunHere: no folder is included, or not from here reachable.
        NotAllowed: the role cannot see where the files are, or this account cannot write there.
    """
    if target.config_file is None or target.data_directory is None:
        raise NotAllowed(
            f"--via conf.d: {target.role} may not see where the files are; GRANT pg_read_all_settings would do"
        )
    root = str(data_directory).removesuffix(target.data_directory) if target.data_directory else ""
    main_local = Path(root + target.config_file)
    content = files.read(main_local)
    if content is None:
        raise MustNotRunHere(f"--via conf.d: {target.config_file} is not reachable from here")
    try:
        includes = [(line, entry.value) for line, entry in autoconf.numbered(content) if entry.name == "include_dir"]
    except BadInput as error:
        raise MustNotRunHere(f"--via conf.d: {target.config_file}: {error}") from None
    if not includes:
        raise MustNotRunHere(f"--via conf.d: {target.config_file} has no include_dir; add include_dir = 'conf.d' to it")
    line, value = includes[-1]
    name = PurePosixPath(target.config_file).parent / value  # an absolute value stays as it is
    folder = Folder(str(name), Path(root + str(name)), target.config_file, main_local, line)
    if not folder.local.is_dir():
        raise MustNotRunHere(f"--via conf.d: {folder.name}, which {folder.main} includes, is no folder")
    if not files.writable(folder.local_file):
        raise NotAllowed(f"--via conf.d: this account may not write to {folder.name}; its owner or root may")
    return folder


def winner(name: str, folder: Folder, lines: Sequence[FileLine]) -> str | None:
    """Where a later line sets the setting and would win over our file; None if ours would."""
    for line in reversed(lines):
        if (line.name or "").lower() != name.lower() or line.file == folder.file:
            continue
        if _later(line, folder):
            return f"line {line.line} of {line.file}"
    return None


def _later(line: FileLine, folder: Folder) -> bool:
    path = PurePosixPath(line.file)
    if path.name == AUTO:
        return True
    if line.file == folder.main:
        return line.line > folder.line
    # The server reads an included folder in the order of the names' bytes.
    return str(path.parent) == folder.name and path.name.encode() > NAME.encode()
