"""How many huge pages a server would need: asked of its own programs, `postgres -C`."""

from collections.abc import Callable, Mapping

from pgtune.cluster import Binaries, find
from pgtune.cluster.bare import shown
from pgtune.host.postmaster import Located
from pgtune.model.errors import PgtuneError
from pgtune.model.units import MB

ASKED = "shared_memory_size_in_huge_pages"
FIRST = 15  # the version that brought it (release notes 15)
USUAL_SEGMENT = 16 * MB


def programs(version: int, located: Located | None) -> Binaries:
    """The server's own programs where they are on this machine, else the same major version's.

    Raises:
        ServerNotFound: there are none.
    """
    if located is not None and located.binaries is not None:
        return Binaries(located.binaries, version, "the server's own programs")
    return find(version // 10000)


def segments(size: int) -> tuple[str, ...]:
    """The option of initdb for WAL segments of this many bytes."""
    return () if size == USUAL_SEGMENT else (f"--wal-segsize={size // MB}",)


def counter(version: int, located: Located | None, segment: int) -> Callable[[Mapping[str, str]], int | None]:
    """A function that counts the huge pages for settings; it gives None where the same PostgreSQL is not at hand.

    `version` is server_version_num, or the major version times 10000 where any minor will do. Shared memory is only
    reckoned, never taken.
    """

    def count(settings: Mapping[str, str]) -> int | None:
        if version // 10000 < FIRST:
            return None
        try:
            binaries = programs(version, located)
            if binaries.version != version and version % 10000:
                return None
            return _counted(binaries, settings, segment)
        except (PgtuneError, OSError):  # no programs, no room for a cluster: the caller estimates, and says so
            return None

    return count


def _counted(binaries: Binaries, settings: Mapping[str, str], segment: int) -> int | None:
    pages = shown(binaries, ASKED, settings, segment)
    return int(pages) if pages is not None and pages.isdecimal() else None
