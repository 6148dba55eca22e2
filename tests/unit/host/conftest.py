"""A machine made of files: what /proc and /sys of other machines look like, written below a temporary folder."""

from pathlib import Path

import pytest

BOOTED = 1_700_000_000
TICKS = 100  # of a second, on every Linux that PostgreSQL runs on

V1_MOUNTS = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
    "32 31 0:29 {root} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
    "33 31 0:30 {root} /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "34 31 0:31 {root} /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset",
)
V2_MOUNT = "31 23 0:28 {root} {point} rw,nosuid,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate"
DISK_MOUNT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"


class Machine:
    """Files below `root`; 16 GB of memory and 8 CPUs unless a test says otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("/proc/meminfo", "MemTotal:       16777216 kB\nSwapTotal:             0 kB\nHugepagesize: 2048 kB\n")
        self.write("/sys/devices/system/cpu/online", "0-7")
        self.write("/proc/stat", f"cpu 1 2 3\nbtime {BOOTED}\n")
        self.process("self", name="python3", mounts=(DISK_MOUNT,))

    def write(self, path: str, text: str) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
        return file

    def link(self, path: str, target: str) -> None:
        link = self.root / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)

    def v1(self, group: str = "/", root: str = "/", pid: int | str = "self") -> None:
        """Version 1: memory, cpu and cpuset, the process in `group`, the mounts showing `root`."""
        self.write(
            f"/proc/{pid}/cgroup", f"4:memory:{group}\n3:cpuset:{group}\n2:cpu,cpuacct:{group}\n1:name=systemd:/"
        )
        self.write("/proc/self/mountinfo", "\n".join((DISK_MOUNT, *V1_MOUNTS)).format(root=root))
        for controller in ("memory", "cpu,cpuacct", "cpuset"):
            (self.root / "sys/fs/cgroup" / controller).mkdir(parents=True, exist_ok=True)

    def v2(self, group: str = "/", root: str = "/", point: str = "/sys/fs/cgroup", pid: int | str = "self") -> None:
        """Version 2, the process in `group`, the mount showing `root`."""
        self.write(f"/proc/{pid}/cgroup", f"0::{group}")
        self.write("/proc/self/mountinfo", f"{DISK_MOUNT}\n{V2_MOUNT}".format(root=root, point=point))
        (self.root / point.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def process(
        self,
        pid: int | str,
        name: str,
        *,
        parent: int = 1,
        started: float = 1000,
        inner: str = "",
        cpus: str = "0-7",
        sizes: dict[str, int] | None = None,
        command: str = "",
        cgroup: str | None = None,
        mounts: tuple[str, ...] = (),
        more: str = "",
    ) -> None:
        """A process that started so many seconds after the machine; `inner` is its NSpid line, sizes in kB."""
        lines = [
            f"Name:\t{name}",
            f"Pid:\t{pid}",
            f"NSpid:\t{inner or pid}",
            "Uid:\t70\t70\t70\t70",
            "Gid:\t70\t70\t70\t70",
        ]
        lines += [f"Cpus_allowed_list:\t{cpus}", *(f"{key}:\t{size} kB" for key, size in (sizes or {}).items()), more]
        self.write(f"/proc/{pid}/status", "\n".join(lines))
        fields = ["S", str(parent), *["0"] * 17, str(int(started * TICKS)), "0"]
        self.write(f"/proc/{pid}/stat", f"{pid} ({name}) x) {' '.join(fields)}")
        self.write(f"/proc/{pid}/cmdline", command)
        if cgroup is not None:
            self.write(f"/proc/{pid}/cgroup", cgroup)
        if mounts:
            self.write(f"/proc/{pid}/mountinfo", "\n".join(mounts))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "root")
