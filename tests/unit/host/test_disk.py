"""What a disk is, by its name, its model and its speed; what cannot be known is called unknown."""

import pytest

from pgtune import host
from pgtune.host import disk
from pgtune.model.hardware import DiskSpeed, Figure, Storage

DATA = "/var/lib/postgresql/18/main"


def with_disk(machine, name, *, rotational=0, model="", vendor="", source=None, number="8:1", hypervisor=False):
    """A disk with one partition that holds the data."""
    top = f"/sys/devices/pci0/{name}"
    machine.write(f"{top}/queue/rotational", str(rotational))
    machine.write(f"{top}/queue/scheduler", "none [mq-deadline] kyber")
    machine.write(f"{top}/device/model", model)
    machine.write(f"{top}/device/vendor", vendor)
    machine.write(f"{top}/{name}1/partition", "1")
    machine.link(f"/sys/dev/block/{number}", f"../../devices/pci0/{name}/{name}1")
    machine.write("/proc/cpuinfo", f"processor : 0\nflags : fpu{' hypervisor' if hypervisor else ''}")
    mount(machine, number, source or f"/dev/{name}1")


def mount(machine, number, source, filesystem="ext4", *more, folder="/var/lib/postgresql"):
    line = f"27 1 {number} / {folder} rw,relatime - {filesystem} {source} rw"
    machine.write("/proc/self/mountinfo", "\n".join(("20 1 0:5 / / rw - ext4 /dev/root rw", line, *more)))
    (machine.root / DATA.lstrip("/") / "pg_wal").mkdir(parents=True, exist_ok=True)


def found(machine):
    return host.probe(machine.root, data_directory=disk.Path(DATA)).storage


@pytest.mark.parametrize(
    ("name", "model", "kind"),
    [
        ("nvme0n1", "Amazon Elastic Block Store", "gp3"),
        ("nvme0n1", "Amazon EC2 NVMe Instance Storage", "nvme"),
        ("nvme0n1", "nvme_card-pd", "san"),
        ("nvme0n1", "nvme_card", "nvme"),
        ("nvme0n1", "MSFT NVMe Accelerator v1.0", "san"),
        ("nvme0n1", "SAMSUNG MZVL21T0HCLR", "nvme"),
        ("sda", "PersistentDisk", "san"),
        ("sda", "QEMU HARDDISK", "unknown"),
        ("sda", "Virtual disk", "unknown"),
        ("sda", "INTEL SSDSC2KB48", "ssd"),
        ("vda", "", "unknown"),
        ("xvda", "", "unknown"),
    ],
)
def test_kinds_by_name_and_model(machine, name, model, kind):
    """Disks of clouds are known by their model, NVMe by its name; a virtual disk's word is not taken."""
    with_disk(machine, name, model=model)
    assert found(machine).kind.value == kind
    assert name in found(machine).kind.source


def test_the_rotational_flag_is_reported_and_not_trusted(machine):
    """A virtual disk that says it rotates is unknown, not a spinning disk; its flag is in the report."""
    with_disk(machine, "vda", rotational=1)
    storage = found(machine)
    assert (storage.kind.value, storage.rotational_flag) == ("unknown", True)


def test_a_raid_controller_is_not_believed(machine):
    """A volume of a RAID controller that says it rotates may well be flash."""
    with_disk(machine, "sda", rotational=1, vendor="DELL", model="PERC H740P")
    assert found(machine).kind.value == "unknown"


def test_a_real_ata_disk_that_rotates(machine):
    """An ATA disk on real hardware reports its own rotation."""
    with_disk(machine, "sda", rotational=1, vendor="ATA", model="ST4000NM0035")
    assert found(machine).kind.value == "hdd"


def test_the_same_in_a_virtual_machine(machine):
    """Below a hypervisor the same words prove nothing."""
    with_disk(machine, "sda", rotational=1, vendor="ATA", model="ST4000NM0035", hypervisor=True)
    assert found(machine).kind.value == "unknown"


def test_nvme_over_fabrics(machine):
    """An NVMe namespace behind TCP is a network disk."""
    with_disk(machine, "nvme1n1", model="Linux")
    machine.write("/sys/devices/pci0/nvme1n1/device/transport", "tcp")
    assert found(machine).kind == Figure("san", "nvme1n1: NVMe over tcp")


@pytest.mark.parametrize(("path", "how"), [("session1", "iSCSI"), ("rport-2:0-1", "Fibre Channel")])
def test_disks_behind_a_storage_network(machine, path, how):
    """iSCSI and Fibre Channel show in the path of the device."""
    with_disk(machine, "sdb")
    target = machine.root / "sys/devices/platform/host3" / path / "target3:0:0/3:0:0:1"
    target.mkdir(parents=True)
    disk.Path(machine.root / "sys/devices/pci0/sdb/device").rename(machine.root / "old")
    machine.link("/sys/devices/pci0/sdb/device", f"../../platform/host3/{path}/target3:0:0/3:0:0:1")
    assert found(machine).kind == Figure("san", f"sdb: attached by {how}")


def test_through_lvm_and_raid_to_the_slowest_disk(machine):
    """A logical volume on an NVMe and a cloud disk is as slow as the latter."""
    with_disk(machine, "nvme0n1", model="Amazon Elastic Block Store", number="259:1")
    machine.write("/sys/devices/pci0/nvme1n1/queue/rotational", "0")
    machine.write("/sys/devices/virtual/block/dm-0/dm/name", "vg-data")
    machine.link("/sys/devices/virtual/block/dm-0/slaves/nvme0n1p1", "../../../../pci0/nvme0n1/nvme0n11")
    machine.link("/sys/devices/virtual/block/dm-0/slaves/nvme1n1", "../../../../pci0/nvme1n1")
    machine.link("/sys/dev/block/253:0", "../../devices/virtual/block/dm-0")
    mount(machine, "253:0", "/dev/mapper/vg-data", "xfs")
    storage = found(machine)
    assert (storage.kind.value, storage.device, storage.filesystem) == ("gp3", "dm-0", "xfs")


def test_btrfs_has_a_number_of_its_own(machine):
    """Where the mount's number is no disk's, its source names the device, through a link of /dev/mapper too."""
    with_disk(machine, "nvme0n1", model="X")
    machine.link("/sys/class/block/nvme0n11", "../../devices/pci0/nvme0n1/nvme0n11")
    machine.link("/dev/mapper/data", "../nvme0n11")
    mount(machine, "0:44", "/dev/mapper/data", "btrfs")
    assert (found(machine).kind.value, found(machine).device) == ("nvme", "nvme0n11")


@pytest.mark.parametrize(
    ("filesystem", "kind"), [("nfs4", "san"), ("ceph", "san"), ("zfs", "unknown"), ("tmpfs", "unknown")]
)
def test_file_systems_without_a_disk(machine, filesystem, kind):
    """A network file system is a network disk; a ZFS pool is not looked into."""
    mount(machine, "0:50", "tank/data", filesystem)
    assert found(machine).kind.value == kind
    assert filesystem in found(machine).kind.source


def test_data_in_a_containers_own_layer(machine):
    """An overlay is gone with its container: a note says so."""
    mount(machine, "0:50", "overlay", "overlay")
    hardware = host.probe(machine.root, data_directory=disk.Path(DATA))
    assert any("volume" in note for note in hardware.notes)


def test_the_last_of_two_mounts_on_a_folder_counts(machine):
    """A mount hides the one below it."""
    with_disk(machine, "sda", model="INTEL")
    text = (machine.root / "proc/self/mountinfo").read_text()
    machine.write("/proc/self/mountinfo", text + "28 1 0:60 / /var/lib/postgresql rw - nfs4 filer:/x rw")
    assert found(machine).filesystem == "nfs4"


def test_wal_behind_a_link_to_another_disk(machine):
    """pg_wal as a link to another mount: said, and its free space is that of the other one."""
    with_disk(machine, "sda")
    (machine.root / DATA.lstrip("/") / "pg_wal").rmdir()
    machine.link(f"{DATA}/pg_wal", "/var/lib/postgresql/wal")
    machine.link("/var/lib/postgresql/wal", "../../../mnt/wal/18")
    (machine.root / "mnt/wal/18").mkdir(parents=True)
    whole = "27 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    machine.write("/proc/self/mountinfo", whole)
    assert not found(machine).wal_apart
    machine.write("/proc/self/mountinfo", whole + "28 1 8:17 / /mnt/wal rw - xfs /dev/sdb1 rw")
    storage = found(machine)
    assert storage.wal_apart
    assert storage.wal_free is not None


def test_a_data_directory_behind_a_link(machine):
    """Links are followed inside the machine's root, absolute ones too."""
    with_disk(machine, "nvme0n1", model="X")
    machine.link("/srv/pg", "/var/lib/postgresql/18")
    storage = host.probe(machine.root, data_directory=disk.Path("/srv/pg/main")).storage
    assert storage.kind.value == "nvme"


def test_a_data_directory_in_a_container(machine):
    """Through /proc/PID/root the mounts of that process count, and links are followed in its root."""
    with_disk(machine, "nvme0n1", model="X")
    machine.process(
        77, "postgres", mounts=("1 0 0:9 / / rw - overlay overlay rw", "2 1 8:1 /x /data rw - ext4 /dev/q rw")
    )
    (machine.root / "proc/77/root/data/main/pg_wal").mkdir(parents=True)
    machine.link("/proc/77/root/pg", "/data/main")
    storage = host.probe(machine.root, 77, disk.Path("/proc/77/root/pg")).storage
    assert (storage.kind.value, storage.filesystem, storage.device) == ("nvme", "ext4", "nvme0n11")
    assert storage.data_free is not None


def test_links_in_a_circle_end(machine):
    """Two links that point at each other do not hang the probe."""
    machine.link("/a", "/b")
    machine.link("/b", "/a")
    assert host.probe(machine.root, data_directory=disk.Path("/a")).storage.data_free is None


def test_no_data_directory(machine):
    """Nothing is said of a disk that was not asked about."""
    assert host.probe(machine.root).storage == Storage(Figure("unknown", "no data directory is known"))


def speed(read_ms, read_bytes_per_s=200e6):
    return DiskSpeed(1.0, read_ms, 1000, 100e6, read_bytes_per_s, 1, 1.0)


@pytest.mark.parametrize(
    ("read_ms", "throughput", "kind"),
    [(6.0, 150e6, "hdd"), (2.0, 150e6, "hdd"), (0.8, 250e6, "san"), (0.15, 500e6, "ssd"), (0.06, 3e9, "nvme")],
)
def test_kinds_by_speed(read_ms, throughput, kind):
    """An unknown disk is what its latency says, and the source gives the figures."""
    storage = disk.measured(Storage(Figure("unknown", "x")), speed(read_ms, throughput))
    assert storage.kind.value == kind
    assert f"{read_ms:.2g} ms" in storage.kind.source
    assert storage.speed is not None


def test_what_is_known_by_name_stays():
    """A cloud's volume served from a cache stays a network disk; only a spinning disk's latency contradicts a name."""
    known = Storage(Figure("gp3", "model"), "nvme0n1", "ext4", False, wal_apart=True)
    assert disk.measured(known, speed(0.05)).kind == known.kind
    assert disk.measured(known, speed(0.05)).wal_apart
    assert disk.measured(known, speed(9)).kind.value == "hdd"


def test_a_flag_gives_way_to_a_measurement():
    """What was taken for flash by its flag and seeks like a spinning disk is one."""
    assert disk.measured(Storage(Figure("ssd", "flag")), speed(8)).kind.value == "hdd"
