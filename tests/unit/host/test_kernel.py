"""The kernel's settings, the cloud and the container, from their files."""

import pytest

from pgtune import host
from pgtune.host import cloud, container, kernel

DISK_ROOT = "1 0 254:0 / / rw - ext4 /dev/vda rw"
OVERLAY_ROOT = "1 0 0:44 / / rw - overlay overlay rw,lowerdir=/x"


def test_every_field(machine):
    """Sizes in bytes, words without their brackets, missing files as None."""
    machine.write("/proc/sys/kernel/osrelease", "6.1.0-18-amd64")
    machine.write("/proc/meminfo", "MemTotal: 1 kB\nHugePages_Total:   9\nHugePages_Free:  4\nHugepagesize:  2048 kB")
    machine.write("/proc/sys/vm/overcommit_memory", "2")
    machine.write("/proc/sys/vm/overcommit_ratio", "80")
    machine.write("/proc/sys/vm/swappiness", "1")
    machine.write("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never")
    machine.write("/proc/self/mountinfo", "1 0 0:23 / /dev/shm rw - tmpfs shm rw,size=65536k,inode64")
    found = kernel.read(machine.root, scheduler="none")
    assert (found.release, found.huge_pages, found.huge_pages_free) == ("6.1.0-18-amd64", 9, 4)
    assert (found.huge_page_size, found.overcommit_memory, found.overcommit_ratio) == (2 << 20, 2, 80)
    assert (found.swappiness, found.transparent_huge_pages, found.shm_size) == (1, "madvise", 64 << 20)
    assert (found.io_scheduler, found.io_uring) == ("none", None)


def test_missing_files(tmp_path):
    """A kernel that shows nothing."""
    found = kernel.read(tmp_path)
    assert found.release == "unknown"
    assert (found.huge_pages, found.swappiness, found.transparent_huge_pages, found.shm_size) == (None,) * 4


def test_shared_memory_of_a_container_is_its_own(machine):
    """The /dev/shm that the postmaster sees counts."""
    machine.write("/proc/self/mountinfo", "1 0 0:23 / /dev/shm rw - tmpfs shm rw,size=8g")
    machine.process(77, "postgres", mounts=("1 0 0:23 / /dev/shm rw - tmpfs shm rw,size=64m",))
    assert kernel.read(machine.root, 77).shm_size == 64 << 20
    assert kernel.read(machine.root).shm_size == 8 << 30


@pytest.mark.parametrize(
    ("switch", "groups", "allowed"), [("2", "", False), ("1", "", False), ("1", "Groups:\t5 200", None)]
)
def test_io_uring_switched_off(machine, switch, groups, allowed):
    """kernel.io_uring_disabled: 2 for all, 1 for all but one group. Another machine's kernel is not tried: unknown."""
    machine.write("/proc/sys/kernel/io_uring_disabled", switch)
    machine.write("/proc/sys/kernel/io_uring_group", "200")
    machine.process(77, "postgres", more=groups)
    assert kernel.io_uring(machine.root, 77) is allowed


@pytest.mark.parametrize(
    ("release", "limit", "allowed"),
    [("5.10.0", "65536", False), ("5.10.0", "unlimited", None), ("5.12.0", "65536", None), ("6.1.0", "65536", None)],
)
def test_io_uring_and_locked_memory(machine, release, limit, allowed):
    """Before 5.12 every ring counts against the limit on locked memory."""
    machine.write("/proc/sys/kernel/osrelease", release)
    machine.process(77, "postgres")
    machine.write(
        "/proc/77/limits", f"Max processes  1 1 processes\nMax locked memory         {limit}   {limit}  bytes"
    )
    assert kernel.io_uring(machine.root, 77) is allowed


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"sys_vendor": "Amazon EC2", "product_name": "m6i.large"}, "AWS m6i.large"),
        ({"sys_vendor": "Xen", "bios_version": "4.2.amazon", "product_name": "HVM domU"}, "AWS"),
        ({"sys_vendor": "Google", "product_name": "Google Compute Engine"}, "Google Cloud"),
        ({"sys_vendor": "Microsoft Corporation", "chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77"}, "Azure"),
        ({"sys_vendor": "Microsoft Corporation", "product_name": "Virtual Machine"}, None),
        ({"sys_vendor": "Hetzner", "product_name": "vServer"}, "Hetzner Cloud"),
        ({"sys_vendor": "QEMU"}, None),
        ({}, None),
    ],
)
def test_clouds(machine, files, hint):
    """Clouds by what their firmware writes; a hypervisor of one's own is none."""
    for name, text in files.items():
        machine.write(f"/sys/class/dmi/id/{name}", text)
    assert cloud.hint(machine.root) == hint


@pytest.mark.parametrize(
    ("group", "engine"),
    [
        ("/docker/0123abcd", "docker"),
        ("/system.slice/docker-0123abcd.scope", "docker"),
        ("/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-2.scope", "kubernetes"),
        ("/machine.slice/libpod-0123.scope/container", "podman"),
        ("/lxc.payload.web/init.scope", "lxc"),
        ("/system.slice/docker.service", None),
        ("/system.slice/postgresql.service", None),
        ("/user.slice/user-1000.slice", None),
    ],
)
def test_containers_by_their_group(machine, group, engine):
    """Engines name their groups; the engine's own service is no container."""
    machine.v2(group)
    hint = container.hint(machine.root)
    assert hint is None if engine is None else hint.startswith(f"{engine} (")


@pytest.mark.parametrize(("path", "engine"), [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")])
def test_containers_by_their_mark(machine, path, engine):
    """The mark in the root folder counts on a container's file system, not on a disk made from a container's image."""
    machine.write(path, "")
    machine.write("/proc/self/mountinfo", DISK_ROOT)
    assert container.hint(machine.root) is None
    machine.write("/proc/self/mountinfo", OVERLAY_ROOT)
    assert container.hint(machine.root) == f"{engine} ({path})"


def test_a_container_of_another_process(machine):
    """The mark is looked for in the root of the process, not in ours."""
    machine.write("/.dockerenv", "")
    machine.process(77, "postgres", mounts=(OVERLAY_ROOT,))
    assert container.hint(machine.root, 77) is None
    machine.write("/proc/77/root/run/.containerenv", "")
    assert container.hint(machine.root, 77) == "podman (/run/.containerenv)"


def test_kubernetes_by_the_environment_that_is_handed_in(machine):
    """The probe itself reads no environment."""
    machine.process("self", "python3", mounts=(OVERLAY_ROOT,))
    assert host.probe(machine.root, environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).container.startswith("kubernetes")
    assert host.probe(machine.root).container is None
