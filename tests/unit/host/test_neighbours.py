"""Who else holds memory below the same bound is named and subtracted; our own server never."""

import pytest

from pgtune import host
from pgtune.model.units import GB, MB

MAPS = """\
55d0c0000000-55d0c0800000 r-xp 00000000 08:01 12 /usr/lib/postgresql/18/bin/postgres
7f0000000000-7f0080000000 rw-s 00000000 00:01 1033 {name} (deleted)
7f0080000000-7f0080001000 rw-s 00000000 00:19 2 /dev/shm/PostgreSQL.123
"""


def with_server(machine, pid, anon=100, shared=300, cgroup=None):
    """A postmaster with one child; sizes in MB."""
    sizes = {"RssAnon": anon * 1024, "RssShmem": shared * 1024, "HugetlbPages": 0}
    machine.process(pid, "postgres", sizes=sizes, command=f"postgres\0-D\0/data/{pid}", cgroup=cgroup)
    machine.process(pid + 1, "postgres", parent=pid, sizes=sizes | {"RssShmem": 50 * 1024}, cgroup=cgroup)


def with_redis(machine, pid, rss=200, command="/usr/bin/redis-server 127.0.0.1:6379", **more):
    machine.process(pid, "redis-server", sizes={"VmRSS": rss * 1024}, command=command, **more)


def test_another_server(machine):
    """Private memory of all its processes and the shared memory once: 100 + 100 + 300 MB."""
    with_server(machine, 200)
    with_server(machine, 300)
    found = host.probe(machine.root, 200)
    assert [(each.pid, each.bytes) for each in found.neighbours] == [(300, 500 * MB)]
    assert found.memory.value == 16 * GB - 500 * MB
    assert found.machine_memory.value == 16 * GB
    assert "500 MB of the memory are left to PostgreSQL in /data/300" in found.notes[0]
    assert "--ram" in found.notes[0]


@pytest.mark.parametrize("name", ["/dev/zero", "/anon_hugepage", "/SYSV0052e2c1"])
def test_the_shared_memory_that_is_set_aside(machine, name):
    """Where the map may be read, all of the shared memory counts, touched or not: 100 + 100 MB + 2 GB."""
    with_server(machine, 200)
    with_server(machine, 300)
    machine.write("/proc/300/maps", MAPS.format(name=name))
    assert host.probe(machine.root, 200).neighbours[0].bytes == 2 * GB + 200 * MB


def test_pages_shared_after_a_fork_count_once(machine):
    """Where the kernel may be asked, private memory is each process's part of it."""
    with_server(machine, 200)
    with_server(machine, 300)
    for pid in (300, 301):
        machine.write(
            f"/proc/{pid}/smaps_rollup", f"55-7f ---p 0 00:00 0 [rollup]\nPss: 9 kB\nPss_Anon: {10 * 1024} kB"
        )
    assert host.probe(machine.root, 200).neighbours[0].bytes == 320 * MB


def test_any_process_of_our_own_server_stands_for_it(machine):
    """A session's number excludes its server as the postmaster's does."""
    with_server(machine, 200)
    assert host.probe(machine.root, 201).neighbours == ()


def test_without_a_server_nothing_is_subtracted_but_named(machine):
    """The one that runs may be the one that is meant."""
    with_server(machine, 300)
    found = host.probe(machine.root)
    assert (found.neighbours, found.memory.value) == ((), 16 * GB)
    assert "process 300" in found.notes[0]
    assert "not subtracted" in found.notes[0]


def test_only_below_the_same_bound(machine):
    """Our server in a group of 2 GB: others outside of it do not count, one inside does."""
    machine.v2("/")
    with_server(machine, 200, cgroup="0::/pg")
    with_server(machine, 300, cgroup="0::/other")
    machine.write("/sys/fs/cgroup/pg/memory.max", str(2 * GB))
    found = host.probe(machine.root, 200)
    assert (found.memory.value, found.neighbours) == (2 * GB, ())
    with_redis(machine, 400, cgroup="0::/pg/inner")
    found = host.probe(machine.root, 200)
    assert found.memory.value == 2 * GB - 200 * MB
    assert [each.pid for each in found.neighbours] == [400]


def test_a_name_that_only_begins_alike_is_outside(machine):
    """/pg2 is not below /pg."""
    machine.v2("/")
    with_server(machine, 200, cgroup="0::/pg")
    with_redis(machine, 400, cgroup="0::/pg2")
    machine.write("/sys/fs/cgroup/pg/memory.max", str(2 * GB))
    assert host.probe(machine.root, 200).neighbours == ()


def test_the_bound_that_leaves_least_counts(machine):
    """10 GB for our group, but another server holds 8 of the machine's 16: 8 are left, not 10."""
    machine.v2("/")
    with_server(machine, 200, cgroup="0::/pg")
    with_server(machine, 300, anon=3 * 1024, shared=2 * 1024, cgroup="0::/other")
    machine.write("/sys/fs/cgroup/pg/memory.max", str(10 * GB))
    found = host.probe(machine.root, 200)
    assert (found.memory.value, found.memory.source) == (8 * GB, "/proc/meminfo MemTotal")


def test_v1_groups(machine):
    """The same by the memory controller of v1."""
    machine.v1("/")
    with_server(machine, 200, cgroup="4:memory:/pg")
    with_server(machine, 300, cgroup="4:memory:/pg/second")
    machine.write("/sys/fs/cgroup/memory/pg/memory.limit_in_bytes", str(4 * GB))
    assert host.probe(machine.root, 200).memory.value == 4 * GB - 500 * MB


def test_others_that_hold_more_than_there_is(machine):
    """What is left is never nothing or less."""
    with_server(machine, 200)
    with_server(machine, 300, anon=20_000)
    assert host.probe(machine.root, 200).memory.value == host.LEAST_MEMORY


@pytest.mark.parametrize(
    ("conf", "size", "source"),
    [
        ("maxmemory 2gb", 2 * GB, "maxmemory in /etc/redis/redis.conf"),
        ("port 6379\n  MAXMEMORY 500MB", 500 * MB, "maxmemory in /etc/redis/redis.conf"),
        ("maxmemory 1g", 10**9, "maxmemory in /etc/redis/redis.conf"),
        ("maxmemory 100mb", 200 * MB, "resident memory"),
        ("maxmemory 0", 200 * MB, "resident memory"),
        ("# maxmemory 2gb", 200 * MB, "resident memory"),
        ("port 7000\nmaxmemory 2gb", 200 * MB, "resident memory"),
        ("", 200 * MB, "resident memory"),
    ],
)
def test_redis(machine, conf, size, source):
    """What its configuration lets it hold, if that can be read and is its own; else what it holds."""
    with_redis(machine, 400)
    machine.write("/etc/redis/redis.conf", conf)
    (found,) = host.probe(machine.root).neighbours
    assert (found.name, found.bytes, found.source) == ("redis-server", size, source)


def test_redis_by_its_command_line(machine):
    """An option on the command line, or a file that it names."""
    with_redis(machine, 400, command="redis-server\0--maxmemory\0 1gb".replace("\0 ", "\0"))
    assert host.probe(machine.root).neighbours[0].bytes == GB
    machine.write("/srv/cache.conf", "port 7000\nmaxmemory 3gb")
    with_redis(machine, 400, command="redis-server\0/srv/cache.conf")
    assert host.probe(machine.root).neighbours[0].bytes == 3 * GB


def test_redis_in_a_container_is_not_read_with_our_files(machine):
    """Its configuration is the container's, not the host's."""
    with_redis(machine, 400, inner="400 1")
    machine.write("/etc/redis/redis.conf", "maxmemory 2gb")
    assert host.probe(machine.root).neighbours[0].bytes == 200 * MB
    machine.write("/proc/400/root/etc/redis/redis.conf", "maxmemory 1gb")
    assert host.probe(machine.root).neighbours[0].bytes == GB
