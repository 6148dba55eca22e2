"""The disk of a data directory: device, file system, kind of storage, free space."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pgtune.host import cloud, files, kernel, mounts
from pgtune.host.mounts import Mount
from pgtune.model.hardware import DiskSpeed, Figure, Storage

DEEPEST_STACK = 8  # partition on LVM on LUKS on RAID is 4
THROUGH = re.compile(r"/proc/(\d+)/root(/.*)")
NETWORK_FILESYSTEMS = (
    "nfs",
    "cifs",
    "smb",
    "ceph",
    "glusterfs",
    "fuse.glusterfs",
    "lustre",
    "9p",
    "beegfs",
    "virtiofs",
)
IN_MEMORY = ("tmpfs", "ramfs")

# What disks of clouds call themselves, and the kind of storage that behaves alike.
MODELS = (
    ("Amazon Elastic Block Store", "gp3"),
    ("Amazon EC2 NVMe Instance Storage", "nvme"),
    ("nvme_card-pd", "san"),  # Google's persistent disks; nvme_card alone is a local one
    ("PersistentDisk", "san"),
    ("MSFT NVMe Accelerator", "san"),  # Azure's remote disks; `Microsoft NVMe Direct Disk` is a local one
)
VIRTUAL_MODELS = ("QEMU", "VBOX", "VMware", "Virtual", "Google", "Msft")

# Bounds between kinds, for one random read at a time:
SPINNING_READ_MS = 2.0  # half a turn at 15 000 a minute, the fastest disks sold: no spinning disk is faster on average
NETWORK_READ_MS = 0.4  # a flash disk on SATA answers in 0.1 to 0.2 ms, block storage behind a network in 0.5 to 1 ms
SATA_BYTES_PER_S = 600_000_000  # 6 Gbit/s less 8b/10b coding: what reads faster than that does not hang on SATA
SURE_KINDS = ("nvme", "gp3", "san")  # known by name: only a measured spinning disk's latency contradicts them


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the machine, without links: `base` stands for the root it is seen from, `mount` is what holds it."""

    base: Path
    path: Path
    mount: Mount | None

    @property
    def here(self) -> Path:
        """The folder as it can be opened here."""
        return files.below(self.base, self.path)


def locate(root: Path, folder: Path) -> Place:
    """The folder with its links followed; `/proc/PID/root/...` is a folder as that process sees it."""
    through = THROUGH.fullmatch(str(folder))
    pid = int(through[1]) if through else None
    base = root / "proc" / through[1] / "root" if through else root
    path = files.resolve(base, through[2] if through else folder)
    return Place(base, path, mounts.holding(mounts.read(root, pid), path))


def storage(root: Path, data_directory: Path | None, wal_directory: Path | None = None) -> tuple[Storage, str | None]:
    """The storage of a data directory, and the I/O scheduler of its disk; honest about what cannot be known."""
    if data_directory is None:
        return Storage(Figure("unknown", "no data directory is known")), None
    data = locate(root, data_directory)
    wal = locate(root, wal_directory or data_directory / "pg_wal")
    device = _device(root, data.mount)
    disks = _disks(device) if device else []
    found = Storage(
        kind=_kind(root, data.mount, disks),
        device=device.name if device else (data.mount.source if data.mount else None),
        filesystem=data.mount.filesystem if data.mount else None,
        rotational_flag=_flag(disks),
        data_free=_free(data, data_directory),
        wal_free=_free(wal, wal_directory or data_directory / "pg_wal"),
        wal_apart=_apart(data, wal),
    )
    return found, kernel.chosen(files.text(disks[0] / "queue/scheduler")) if disks else None


def _free(place: Place, folder: Path) -> Figure[int] | None:
    """What an unprivileged process may still write there."""
    try:
        if not place.here.is_dir():
            return None
        status = os.statvfs(place.here)
    except OSError:
        return None
    return Figure(status.f_bavail * status.f_frsize, f"statvfs {folder}")


def _apart(data: Place, wal: Place) -> bool:
    return wal.mount is not None and data.mount is not None and wal.mount != data.mount and wal.here.is_dir()


def _device(root: Path, mount: Mount | None) -> Path | None:
    """The block device below a mount, as its folder in /sys; btrfs and overlays have numbers of their own."""
    if mount is None:
        return None
    by_number = root / "sys/dev/block" / mount.device
    if by_number.exists():
        return files.below(root, files.resolve(root, f"/sys/dev/block/{mount.device}"))
    if mount.source.startswith("/dev/"):
        name = files.resolve(root, mount.source).name
        if (root / "sys/class/block" / name).exists():
            return files.below(root, files.resolve(root, f"/sys/class/block/{name}"))
    return None


def _disks(device: Path, depth: int = 0) -> list[Path]:
    """The whole disks that a partition, a logical volume, an encrypted or a RAID device consists of."""
    if depth > DEEPEST_STACK:
        return []
    if (device / "partition").exists():
        return _disks(device.parent, depth + 1)
    slaves = sorted((device / "slaves").glob("*"))
    resolved = [device / "slaves" / slave.readlink() if slave.is_symlink() else slave for slave in slaves]
    below = [disk for each in resolved for disk in _disks(Path(os.path.normpath(each)), depth + 1)]
    return below or [device]


def _flag(disks: list[Path]) -> bool | None:
    """What the kernel says about rotation; virtual disks and RAID controllers say 1 of anything."""
    flags = {files.integer(disk / "queue/rotational") for disk in disks} - {None}
    return any(flags) if flags else None


def _kind(root: Path, mount: Mount | None, disks: list[Path]) -> Figure[str]:
    """The slowest kind among the disks, for that one is waited for."""
    if mount is None:
        return Figure("unknown", "no mount is known for the data directory")
    if mount.filesystem.startswith(NETWORK_FILESYSTEMS):
        return Figure("san", f"file system {mount.filesystem}: behind a network")
    if mount.filesystem in IN_MEMORY:
        return Figure("unknown", f"file system {mount.filesystem}: in memory, lost with the machine")
    kinds = [_kind_of_disk(root, disk) for disk in disks]
    order = ("unknown", "hdd", "san", "gp3", "ssd", "nvme")
    nothing = Figure("unknown", f"file system {mount.filesystem} on {mount.source}: no disk is known for it")
    return min(kinds, key=lambda kind: order.index(kind.value), default=nothing)


def _kind_of_disk(root: Path, disk: Path) -> Figure[str]:
    """What a disk is by its name, its model and the way it is attached; its rotational flag alone proves nothing."""
    model = files.text(disk / "device/model") or ""
    for mark, kind in MODELS:
        if mark in model:
            return Figure(kind, f"{disk.name}: model {model}")
    transport = files.text(disk / "device/transport") or ""
    if transport and transport != "pcie" and disk.name.startswith("nvme"):
        return Figure("san", f"{disk.name}: NVMe over {transport}")
    if disk.name.startswith("nvme"):
        return Figure("nvme", f"{disk.name}: {model or 'an NVMe disk by its name'}")
    attached = str(files.resolve(root, files.shown(root, disk / "device")))
    if "/session" in attached or "/rport-" in attached:
        return Figure("san", f"{disk.name}: attached by {'iSCSI' if '/session' in attached else 'Fibre Channel'}")
    return _by_flag(root, disk, model)


def _by_flag(root: Path, disk: Path, model: str) -> Figure[str]:
    """A real disk's own word counts: 0 from any, 1 only from an ATA disk, for controllers say 1 for their volumes."""
    flag = files.integer(disk / "queue/rotational")
    virtual = cloud.virtual(root) or disk.name.startswith(("vd", "xvd", "loop", "zram", "ram"))
    if virtual or any(mark in model for mark in VIRTUAL_MODELS):
        return Figure("unknown", f"{disk.name}: a virtual disk, whatever its rotational flag says ({flag})")
    if flag == 0:
        return Figure("ssd", f"{disk.name}: {model} does not rotate")
    if flag == 1 and (files.text(disk / "device/vendor") or "") == "ATA":
        return Figure("hdd", f"{disk.name}: {model} rotates")
    return Figure(
        "unknown", f"{disk.name}: neither name nor model tells, and its rotational flag ({flag}) proves nothing"
    )


def measured(found: Storage, speed: DiskSpeed) -> Storage:
    """The storage with its measured speed; the latency decides where nothing surer is known."""
    kind = _kind_by_speed(speed)
    source = f"measured: a random read takes {speed.read_ms:.2g} ms, an fsync {speed.fsync_ms:.2g} ms"
    sure = found.kind.value in SURE_KINDS and kind != "hdd"
    figure = found.kind if sure else Figure(kind, source)
    return Storage(
        figure, found.device, found.filesystem, found.rotational_flag, found.data_free, found.wal_free,
        found.wal_apart, speed,
    )  # fmt: skip


def _kind_by_speed(speed: DiskSpeed) -> str:
    if speed.read_ms >= SPINNING_READ_MS:
        return "hdd"
    if speed.read_ms >= NETWORK_READ_MS:
        return "san"
    return "nvme" if speed.read_bytes_per_s > SATA_BYTES_PER_S else "ssd"
