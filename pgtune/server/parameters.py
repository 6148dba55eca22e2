"""What a server is set to, and by whom: its parameters, its configuration files, ALTER ROLE and ALTER DATABASE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg.rows import DictRow

from pgtune.model.server import FileEntry, Override
from pgtune.model.setting import Setting
from pgtune.server.asking import Asking

# pg_settings shows what holds in the session that asks. These sources say that the session's own value hides the
# server's: pgtune's connection options, PGOPTIONS, and ALTER ROLE or ALTER DATABASE for whoever is connected.
OF_THIS_SESSION = {"client", "user", "database", "database user", "session"}
OURS = {"client", "session"}  # set by the options that pgtune connects with, or by pgtune afterwards


@dataclass(frozen=True, slots=True)
class Configuration:
    """The parameters by name, where they are set, and which of them the role may change with ALTER SYSTEM."""

    settings: Mapping[str, Setting]
    entries: tuple[FileEntry, ...] | None
    overrides: tuple[Override, ...]
    may_alter: frozenset[str]

    @property
    def libraries(self) -> tuple[str, ...]:
        """The libraries in shared_preload_libraries."""
        found = self.settings.get("shared_preload_libraries")
        names = (word.strip().strip('"').strip() for word in (found.value if found else "").split(","))
        return tuple(name for name in names if name)

    def text(self, name: str) -> str | None:
        """A parameter's value, None where this role does not see it."""
        return self.settings[name].value if name in self.settings else None


def read(asking: Asking, *, reads_settings: bool, reads_files: bool) -> Configuration:
    """Read it all; what the role may not see goes to `asking.missing`."""
    rows = asking.rows("settings", "settings") or []
    entries = _entries(asking, allowed=reads_files)
    if not reads_settings:
        grant = "GRANT pg_read_all_settings"
        asking.lacks("data_directory, shared_preload_libraries and the file that sets each value", grant)
    settings = (_waiting(_server_wide(setting(row), entries, asking), entries) for row in rows)
    return Configuration(
        {each.name: each for each in settings},
        entries,
        _overrides(asking),
        frozenset(row["name"] for row in rows if row["may_alter"]),
    )


def setting(row: DictRow) -> Setting:
    """A row of pg_settings as a Setting."""
    return Setting(
        name=row["name"], type=row["vartype"], context=row["context"], boot=row["boot_val"], value=row["setting"] or "",
        unit=row["unit"], low=row["min_val"], high=row["max_val"], choices=tuple(row["enumvals"] or ()),
        source=row["source"], file=row["sourcefile"], line=row["sourceline"], pending_restart=row["pending_restart"],
    )  # fmt: skip


def _server_wide(own: Setting, entries: Sequence[FileEntry] | None, asking: Asking) -> Setting:
    """The setting as every other session has it, where the asking session's own value hides that.

    The last line of the files that sets it, else the built-in value. Without the right to read the files the session's
    value stays and is named as missing, unless only the connection set it (time-outs, encoding and the like, which are
    pgtune's own).
    """
    if own.source not in OF_THIS_SESSION or own.context == "internal":
        return own
    if entries is None and own.source not in OURS:
        grants = ("GRANT SELECT ON pg_file_settings", "GRANT EXECUTE ON FUNCTION pg_show_all_file_settings()")
        asking.lacks(f"{own.name} of the whole server, which ALTER ROLE or ALTER DATABASE hides", *grants)
        return own
    lines = [entry for entry in entries or () if entry.name == own.name and entry.value is not None and entry.applied]
    if not lines:
        return replace(own, value=own.boot or "", source="default", file=None, line=None)
    last = max(lines, key=lambda entry: entry.seqno)
    value = own.raw(own.parse(last.value or ""))
    return replace(own, value=value, source="configuration file", file=last.file, line=last.line)


def _waiting(own: Setting, entries: Sequence[FileEntry] | None) -> Setting:
    """The setting with the value that waits for a restart: the last line of the files, or the built-in one without."""
    if not own.pending_restart or entries is None:
        return own
    lines = [entry for entry in entries if (entry.name or "").lower() == own.name.lower() and entry.value is not None]
    if not lines:
        return replace(own, waiting=own.boot or "")
    try:
        value = own.parse(max(lines, key=lambda entry: entry.seqno).value or "")
    except ValueError:  # the server would not take it either, and its own words say so
        return own
    return replace(own, waiting=own.raw(value))


def _entries(asking: Asking, *, allowed: bool) -> tuple[FileEntry, ...] | None:
    if not allowed:
        grants = ("GRANT SELECT ON pg_file_settings", "GRANT EXECUTE ON FUNCTION pg_show_all_file_settings()")
        asking.lacks("lines of the configuration files", *grants)
        return None
    rows = asking.rows("file_settings", "lines of the configuration files")
    return None if rows is None else tuple(_entry(row) for row in rows)


def _entry(row: DictRow) -> FileEntry:
    return FileEntry(
        row["sourcefile"], row["sourceline"], row["seqno"], row["name"], row["setting"], row["applied"], row["error"]
    )


def _overrides(asking: Asking) -> tuple[Override, ...]:
    rows = asking.rows("overrides", "values set by ALTER ROLE and ALTER DATABASE") or []
    return tuple(_override(row) for row in rows)


def _override(row: DictRow) -> Override:
    name, _, value = row["config"].partition("=")
    return Override(name, value, row["database"], row["role"])
