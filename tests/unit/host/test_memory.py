"""The memory that counts is the least of the machine's and every limit above the process."""

import pytest

from pgtune import host
from pgtune.host import memory
from pgtune.model.errors import BadInput
from pgtune.model.units import GB, MB

UNLIMITED = "9223372036854771712"


def found(machine, pid=None):
    return host.probe(machine.root, pid).memory


def test_the_machine_alone(machine):
    """Without any cgroup the machine's memory counts, and is named."""
    assert (found(machine).value, found(machine).source) == (16 * GB, "/proc/meminfo MemTotal")


def test_v1_limit_of_the_own_group(machine):
    """The v1 limit of the process's group binds, and its file is named as it is called on the machine."""
    machine.v1("/docker/abc")
    machine.write("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", str(1 * GB))
    assert found(machine).value == GB
    assert found(machine).source == "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"


def test_v1_unlimited_is_no_limit(machine):
    """The huge number of v1 means no limit."""
    machine.v1("/a")
    machine.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", UNLIMITED)
    assert len(memory.limits(machine.root)) == 1


def test_v1_limits_that_only_the_kernel_sees(machine):
    """Inside a container the limits of groups above it show in hierarchical_memory_limit alone."""
    machine.v1("/pod/container", root="/pod/container")
    machine.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", UNLIMITED)
    machine.write("/sys/fs/cgroup/memory/memory.stat", f"cache 0\nhierarchical_memory_limit {3 * GB}\ntotal_cache 0")
    assert found(machine).value == 3 * GB
    assert found(machine).source == "/sys/fs/cgroup/memory/memory.stat hierarchical_memory_limit"


def test_v1_names_the_file_that_says_so_itself(machine):
    """Where the ancestor that binds can be seen, its own file is named, not what is inherited from it."""
    machine.v1("/a/b")
    machine.write("/sys/fs/cgroup/memory/a/b/memory.stat", f"hierarchical_memory_limit {GB}")
    machine.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", str(GB))
    assert found(machine).source == "/sys/fs/cgroup/memory/a/memory.limit_in_bytes"


@pytest.mark.parametrize("name", ["memory.max", "memory.high"])
def test_v2_limits(machine, name):
    """Both the limit that kills and the one that throttles bind."""
    machine.v2("/system.slice/postgresql.service")
    machine.write(f"/sys/fs/cgroup/system.slice/postgresql.service/{name}", str(2 * GB))
    assert found(machine).value == 2 * GB
    assert found(machine).source == f"/sys/fs/cgroup/system.slice/postgresql.service/{name}"


def test_v2_high_below_max(machine):
    """Of the two the lower one counts."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/memory.max", str(4 * GB))
    machine.write("/sys/fs/cgroup/a/memory.high", str(3 * GB))
    assert found(machine).source == "/sys/fs/cgroup/a/memory.high"


def test_max_is_no_limit(machine):
    """`max` is no limit."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/memory.max", "max")
    assert found(machine).value == 16 * GB


def test_an_ancestor_in_the_middle_binds(machine):
    """Own group 8 GB, parent 2 GB, grandparent 4 GB: the parent binds."""
    machine.v2("/a/b/c")
    for group, size in (("a/b/c", 8), ("a/b", 2), ("a", 4)):
        machine.write(f"/sys/fs/cgroup/{group}/memory.max", str(size * GB))
    assert (found(machine).value, found(machine).source) == (2 * GB, "/sys/fs/cgroup/a/b/memory.max")


def test_an_ancestor_binds_where_the_own_group_has_no_file(machine):
    """Missing files are no limit and do not end the search."""
    machine.v2("/a/b/c")
    (machine.root / "sys/fs/cgroup/a/b/c").mkdir(parents=True)
    machine.write("/sys/fs/cgroup/a/memory.max", str(GB))
    assert found(machine).source == "/sys/fs/cgroup/a/memory.max"


def test_hybrid_reads_both(machine):
    """v1 controllers beside a v2 tree without any: the v1 limit counts, and a v2 one if there is one."""
    machine.v1("/a")
    text = (machine.root / "proc/self/mountinfo").read_text()
    machine.write("/proc/self/mountinfo", text + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw")
    machine.write("/proc/self/cgroup", "4:memory:/a\n1:name=systemd:/\n0::/b")
    machine.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", str(2 * GB))
    (machine.root / "sys/fs/cgroup/unified/b").mkdir(parents=True)
    assert found(machine).value == 2 * GB
    machine.write("/sys/fs/cgroup/unified/b/memory.max", str(GB))
    assert found(machine).source == "/sys/fs/cgroup/unified/b/memory.max"


def test_a_namespaced_container(machine):
    """With a cgroup namespace both path and mount say `/`, and the mount's own folder holds the container's limit."""
    machine.v2("/")
    machine.write("/sys/fs/cgroup/memory.max", str(512 * MB))
    assert (found(machine).value, found(machine).source) == (512 * MB, "/sys/fs/cgroup/memory.max")


def test_a_container_without_a_namespace(machine):
    """A bind mount that shows just the container's group: the path is taken relative to what is shown."""
    machine.v1("/docker/abc/inner", root="/docker/abc")
    machine.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", str(GB))
    machine.write("/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", str(2 * GB))
    assert found(machine).source == "/sys/fs/cgroup/memory/memory.limit_in_bytes"


def test_the_mount_that_shows_most_is_read(machine):
    """Where a hierarchy is mounted twice, the mount from which more ancestors are seen counts."""
    machine.v2("/a/b", root="/a/b", point="/mnt/part")
    text = (machine.root / "proc/self/mountinfo").read_text()
    machine.write("/proc/self/mountinfo", text + "32 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw")
    (machine.root / "sys/fs/cgroup/a/b").mkdir(parents=True)
    machine.write("/sys/fs/cgroup/a/memory.max", str(GB))
    assert found(machine).source == "/sys/fs/cgroup/a/memory.max"


def test_a_group_outside_of_our_namespace_is_searched(machine):
    """A path that leads out of the namespace names nothing: the folder that lists the process is looked for."""
    machine.process(77, "postgres")
    machine.v2("/../../x", pid=77)
    machine.write("/sys/fs/cgroup/top/inner/cgroup.procs", "5\n77")
    (machine.root / "sys/x").mkdir()
    machine.write("/sys/fs/cgroup/top/memory.max", str(3 * GB))
    assert found(machine, 77).source == "/sys/fs/cgroup/top/memory.max"


def test_without_our_own_mounts_those_of_the_process_are_used(machine):
    """Where /sys/fs/cgroup is not mounted for us, the process's own view serves, through /proc/PID/root."""
    machine.process(77, "postgres", cgroup="0::/", mounts=("1 0 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup ro",))
    machine.write("/proc/77/root/sys/fs/cgroup/memory.max", str(GB))
    assert found(machine, 77).source == "/proc/77/root/sys/fs/cgroup/memory.max"


def test_the_limits_of_the_process_count_not_ours(machine):
    """A server in 1 GB, pgtune outside in 8 GB: 1 GB. And the other way round."""
    machine.process(77, "postgres")
    machine.v2("/ours")
    machine.v2("/theirs", pid=77)
    machine.write("/sys/fs/cgroup/ours/memory.max", str(8 * GB))
    machine.write("/sys/fs/cgroup/theirs/memory.max", str(GB))
    assert found(machine, 77).value == GB
    assert found(machine).value == 8 * GB


@pytest.mark.parametrize("text", ["", "garbage", "-1", "0", "\0\0", "12e9"])
def test_odd_files_are_no_limit(machine, text):
    """An empty or garbled file binds nobody."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/memory.max", text)
    assert found(machine).value == 16 * GB


@pytest.mark.parametrize("text", ["", "nonsense", "31 23", "1 2 3 4 5 6 7 8 9", "0::relative"])
def test_odd_mounts_and_groups_are_no_limit(machine, text):
    """Nothing in /proc can make the probe fail."""
    machine.write("/proc/self/mountinfo", text)
    machine.write("/proc/self/cgroup", text)
    assert found(machine).value == 16 * GB


def test_a_limit_above_the_machine_does_not_bind(machine):
    """A limit of 64 GB on a machine of 16 GB: the machine binds."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/memory.max", str(64 * GB))
    assert found(machine).source == "/proc/meminfo MemTotal"


def test_blanks_in_a_mount_point(machine):
    """mountinfo writes blanks as octal numbers."""
    machine.v2("/a", point="/sys/fs/my\\040cgroups")
    machine.write("/sys/fs/my cgroups/a/memory.max", str(GB))
    assert found(machine).source == "/sys/fs/my cgroups/a/memory.max"


def test_no_linux(tmp_path):
    """Without /proc/meminfo the answer is an error that says how to go on."""
    with pytest.raises(BadInput, match="--ram"):
        host.probe(tmp_path)
