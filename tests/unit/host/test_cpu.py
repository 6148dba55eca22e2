"""The CPUs that count are the least of those online, affinity, cpuset and quota; fractions are kept."""

import pytest

from pgtune.host import cpu


def found(machine, pid=None):
    figure = cpu.usable(machine.root, pid)
    return figure.value, figure.source


def test_those_online(machine):
    """Nothing narrower: all that run."""
    assert found(machine) == (8, "/sys/devices/system/cpu/online")


def test_cpuinfo_where_sys_is_missing(machine):
    """Without /sys the processors of /proc/cpuinfo are counted."""
    (machine.root / "sys/devices/system/cpu/online").unlink()
    machine.write("/proc/cpuinfo", "processor\t: 0\nmodel name\t: x\n\nprocessor\t: 1\nmodel name\t: x")
    assert found(machine) == (2, "/proc/cpuinfo")


def test_affinity_of_the_process(machine):
    """The affinity of the postmaster counts, not ours."""
    machine.process(77, "postgres", cpus="0-2,6")
    assert found(machine, 77) == (4, "/proc/77/status Cpus_allowed_list")
    assert found(machine)[0] == 8


def test_affinity_counts_only_what_is_online(machine):
    """An affinity may name CPUs that could be plugged in and are not."""
    machine.process(77, "postgres", cpus="6-127")
    assert found(machine, 77)[0] == 2


@pytest.mark.parametrize("name", ["cpuset.cpus.effective", "cpuset.cpus"])
def test_cpuset_v2(machine, name):
    """A cpuset as a list of ranges and numbers."""
    machine.v2("/a")
    machine.write(f"/sys/fs/cgroup/a/{name}", "0-1,5")
    assert found(machine) == (3, f"/sys/fs/cgroup/a/{name}")


def test_cpuset_v1(machine):
    """The same in v1, of an ancestor."""
    machine.v1("/a/b")
    (machine.root / "sys/fs/cgroup/cpuset/a/b").mkdir(parents=True)
    machine.write("/sys/fs/cgroup/cpuset/a/cpuset.effective_cpus", "3")
    assert found(machine) == (1, "/sys/fs/cgroup/cpuset/a/cpuset.effective_cpus")


def test_an_empty_cpuset_inherits(machine):
    """An empty cpuset.cpus means the parent's, not none."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/cpuset.cpus", "")
    assert found(machine)[0] == 8


@pytest.mark.parametrize(("text", "cpus"), [("150000 100000", 1.5), ("50000 100000", 0.5), ("25000", 0.25)])
def test_quota_v2_keeps_fractions(machine, text, cpus):
    """One and a half periods' time is 1.5 CPUs."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/cpu.max", text)
    assert found(machine) == (cpus, "/sys/fs/cgroup/a/cpu.max")


def test_quota_v1(machine):
    """Quota and period in two files, for a controller that is mounted together with another."""
    machine.v1("/a")
    machine.write("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000")
    machine.write("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000")
    assert found(machine) == (2.5, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us")


@pytest.mark.parametrize("text", ["max 100000", "", "x y", "0 0", "-1 100000", "100 0"])
def test_no_quota(machine, text):
    """`max`, -1 and garbage are no quota."""
    machine.v2("/a")
    machine.write("/sys/fs/cgroup/a/cpu.max", text)
    assert found(machine)[0] == 8


def test_the_least_of_all_ancestors(machine):
    """Quota 3 above, 4 below, cpuset of 6: 3."""
    machine.v2("/a/b")
    machine.write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000")
    machine.write("/sys/fs/cgroup/a/cpu.max", "300000 100000")
    machine.write("/sys/fs/cgroup/a/b/cpuset.cpus.effective", "0-5")
    assert found(machine) == (3, "/sys/fs/cgroup/a/cpu.max")


def test_nothing_can_be_read(tmp_path):
    """One CPU is assumed, and the source says so."""
    figure = cpu.usable(tmp_path)
    assert figure.value == 1
    assert "assumed" in figure.source


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0-3,8", {0, 1, 2, 3, 8}), ("", set()), (None, set()), ("5", {5}), ("a-b,3", {3}), ("3-1", set()), ("1-,2", {2})],
)
def test_lists(text, numbers):
    """Lists as the kernel writes them; what is garbled is left out."""
    assert cpu.parse_list(text) == numbers


def test_a_garbled_list_does_not_fill_the_memory():
    """A number beyond any machine's is cut."""
    assert len(cpu.parse_list("0-99999999999")) == cpu.MOST_CPUS
