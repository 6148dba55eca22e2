"""What a rule may look at: the hardware, the target's parameters, what the user wants and what the server shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pgtune.guide import Guide
from pgtune.model.hardware import Hardware
from pgtune.model.server import Activity
from pgtune.model.setting import Setting

Profile = Literal["web", "oltp", "dw", "mixed", "desktop"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for. `connections` and `data_bytes` are None where pgtune shall find out itself."""

    profile: Profile = "mixed"
    connections: int | None = None
    data_bytes: int | None = None
    strict_guide: bool = False
    statistics: bool = False
    io_uring: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the rules decide from. `settings` is the target's pg_settings, live or of its version.

    `count_pages` asks PostgreSQL itself how many huge pages it needs under these settings (None: nobody to ask).
    """

    version: int
    hardware: Hardware
    settings: Mapping[str, Setting]
    guide: Guide
    wishes: Wishes = Wishes()
    activity: Activity | None = None
    standbys: tuple[str, ...] = ()
    in_recovery: bool = False
    libraries: tuple[str, ...] = ()
    available: tuple[str, ...] = ()
    jit_available: bool | None = None
    primary_settings: Mapping[str, int] | None = None
    count_pages: Callable[[Mapping[str, str]], int | None] | None = None

    @property
    def major(self) -> int:
        """The major version, 18 for 180006."""
        return self.version // 10000

    @property
    def live(self) -> bool:
        """True if a running server is being tuned, False if the answer is computed from options alone."""
        return self.activity is not None
