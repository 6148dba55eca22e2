"""A realistic answer: PostgreSQL 18 on 24 GB and 2 CPUs beside a Redis, tuned for a mixed load."""

from dataclasses import replace

from pgtune.model.hardware import Figure, Hardware, Kernel, Neighbour, Storage
from pgtune.model.units import GB, KB, MB
from pgtune.settings.tuning import Budget, BudgetLine, Line, Tuning

RESOURCE = "PostgreSQL documentation, 19.4 Resource Consumption"
WAL = "PostgreSQL documentation, 19.5 Write Ahead Log"

HARDWARE = Hardware(
    memory=Figure(24 * GB, "/sys/fs/cgroup/system.slice/postgresql.service/memory.max"),
    cpus=Figure(2.0, "affinity of the postmaster, /proc/812/status"),
    storage=Storage(
        kind=Figure("ssd", "/sys/block/vda/queue/rotational, not trusted: measure with `pgtune probe --disk`"),
        device="/dev/vda1",
        filesystem="ext4",
        data_free=Figure(180 * GB, "statvfs of /var/lib/postgresql/18/main"),
    ),
    machine_memory=Figure(32 * GB, "/proc/meminfo MemTotal"),
    neighbours=(Neighbour("redis-server", 640, 2 * GB, "maxmemory in /etc/redis/redis.conf"),),
    kernel=Kernel(release="6.1.0", huge_pages=0, huge_page_size=2 * MB, overcommit_memory=0),
)

LINES = (
    Line(
        "max_connections", "100", "200", "as asked for with --connections",
        "PostgreSQL documentation, 19.3.1 Connection Settings, max_connections", True, "postgresql.conf:65",
        "connections", "200", blocked="1 standby attached: raise it there first, or replay pauses",
    ),
    Line(
        "shared_buffers", "128MB", "6GB", "the guide's share of memory: the page cache holds the rest",
        f"{RESOURCE}, shared_buffers", True, "postgresql.conf:131", "memory", "786432", "8kB",
    ),
    Line(
        "effective_cache_size", "4GB", "18GB", "what shared_buffers and the page cache can hold together",
        "PostgreSQL documentation, 19.7.2 Planner Cost Constants, effective_cache_size", False, "default", "memory",
        "2359296", "8kB",
    ),
    Line(
        "work_mem", "4MB", "64MB", "the budget carries the guide's figure",
        f"{RESOURCE}, work_mem; the sum is in the memory budget", False,
        "default; ALTER ROLE reporting SET 256MB wins there", "memory", "65536", "kB",
    ),
    Line(
        "maintenance_work_mem", "64MB", "384MB", "index builds and VACUUM gain from 1/64 of a large memory, up to 2 GB",
        f"{RESOURCE}, maintenance_work_mem", False, "default", "memory", "393216", "kB",
    ),
    Line(
        "autovacuum_work_mem", "-1", "384MB",
        "3 workers may each take this at once; -1 would give each maintenance_work_mem",
        "PostgreSQL documentation, 19.4.1 Memory, autovacuum_work_mem", False, "default", "memory", "393216", "kB",
    ),
    Line(
        "max_wal_size", "1GB", "4GB", "3 checkpoint intervals at the measured 4.5 MB of WAL a second",
        f"{WAL}, max_wal_size; the guide's recovery time bounds it", False, "postgresql.auto.conf:3", "wal",
        "4096", "MB",
    ),
    Line(
        "min_wal_size", "80MB", "1GB", "a quarter of max_wal_size stays recycled for bursts",
        "PostgreSQL documentation, 28.5 WAL Configuration: recycled segments", False, "default", "wal", "1024", "MB",
    ),
    Line(
        "checkpoint_timeout", "1min", "5min", "the guide's figure",
        f"{WAL}, checkpoint_timeout; the guide's recovery time bounds it", False, "90-local.conf:4", "wal", "300", "s",
    ),
    Line(
        "wal_compression", "off", "pglz",
        "shrinks pages logged whole after a checkpoint; pglz is what this server offers",
        f"{WAL}, wal_compression; benchmarks/settings", False, "default", "wal", "pglz",
    ),
    Line(
        "random_page_cost", "4", "1.1", "ssd storage reads a random page almost as fast as the next one",
        "PostgreSQL documentation, 19.7.2 Planner Cost Constants", False, "default", "planner", "1.1",
    ),
    Line(
        "jit", "on", "off", "compiling pays only in long analytic queries and delays the many short ones",
        "PostgreSQL documentation, 30.2 When to JIT?", False, "default", "planner", "off",
    ),
    Line(
        "max_parallel_workers_per_gather", "2", "0", "with 2 CPUs a parallel query costs more CPU than it saves time",
        "PostgreSQL documentation, 19.4.5 Asynchronous Behavior / Worker Processes; benchmarks/settings for 2 CPUs",
        False, "default", "parallel", "0",
    ),
    Line(
        "max_parallel_maintenance_workers", "2", "1", "half of 2 CPUs for one index build, at most 4",
        "PostgreSQL documentation, 19.4.5 Asynchronous Behavior / Worker Processes", False, "default", "parallel", "1",
    ),
    Line(
        "effective_io_concurrency", "1", "16",
        "from 18 on each is a real request that pins a buffer: local disks need no more",
        "PostgreSQL documentation, 19.4.5 I/O, effective_io_concurrency", False, "postgresql.conf:170", "io", "16",
    ),
    Line(
        "shared_preload_libraries", "", "pg_stat_statements",
        "records which statements cost the most, for `pgtune advise`",
        "PostgreSQL documentation, F.32 pg_stat_statements", True, "default", "statistics", "pg_stat_statements",
    ),
    Line(
        "track_io_timing", "off", "on", "tells waiting for the disk from computing",
        "PostgreSQL documentation, 19.9 Run-time Statistics, track_io_timing", False, "default", "statistics", "on",
    ),
)  # fmt: skip

BUDGET = Budget(
    lines=(
        BudgetLine(
            "shared memory", 6490 * MB, "shared_buffers 6 GB; locks, WAL buffers and bookkeeping 346 MB"
        ),
        BudgetLine(
            "sessions", 810 * MB, "200 connections x 4 MB for themselves, 10 MB for the server's own processes"
        ),
        BudgetLine("page tables", 156 * MB, "13 active processes x 1/512 of shared_buffers"),
        BudgetLine("maintenance", 384 * MB, "one index build or VACUUM x maintenance_work_mem"),
        BudgetLine("autovacuum", 3 * 384 * MB, "3 workers x autovacuum_work_mem 384 MB"),
        BudgetLine("WAL", 300 * KB, "1 senders x logical_decoding_work_mem; wal_buffers are in shared memory"),
        BudgetLine(
            "queries", 2 * GB,
            "(8 active of 200 sessions + 0 parallel workers) x 2 nodes x work_mem 64 MB x hash_mem_multiplier 2",
        ),
    ),
    total=6490 * MB + 810 * MB + 156 * MB + 384 * MB + 3 * 384 * MB + 300 * KB + 2 * GB,
    limit=int(0.9 * 24 * GB),
    memory=24 * GB,
    fits=True,
)  # fmt: skip

HUGE_PAGES = (
    "vm.nr_hugepages = 3245: about what shared memory needs in pages of 2 MB (0 are reserved); huge_pages = try, the "
    "default, then uses them; `SHOW shared_memory_size_in_huge_pages` after the restart gives the exact count "
    "(PostgreSQL documentation, 18.4.5)"
)
OVERCOMMIT = (
    "vm.overcommit_memory = 2 on a machine that serves PostgreSQL alone: an allocation fails instead of the kernel "
    "killing the server (PostgreSQL documentation, 18.4.4)"
)

TUNING = Tuning(
    target="shop on db1:5432",
    version=180006,
    profile="mixed",
    hardware=HARDWARE,
    budget=BUDGET,
    lines=LINES,
    notes=(
        "200 connections for 2 CPUs: about 8 can work at a time; a pooler of that size serves the guide's 5000 users",
        "not read: pg_file_settings (needs superuser or pg_read_all_settings): who sets what is known only in part",
    ),
    kernel=(HUGE_PAGES, OVERCOMMIT),
    standby_first=(
        "on each standby (replica1), and on theirs first: ALTER SYSTEM SET max_connections = 200;",
        "restart each standby and wait until pg_stat_replication shows it streaming again",
        "then on this primary: ALTER SYSTEM SET max_connections = 200; and restart it",
    ),
)

NOTHING = replace(TUNING, lines=(), notes=(), kernel=(), standby_first=())
QUERIES = BudgetLine("queries", 25 * GB - BUDGET.total + 2 * GB, "(200 sessions + 0 parallel workers) x work_mem 1 MB")
TIGHT = replace(
    TUNING,
    budget=Budget((*BUDGET.lines[:-1], QUERIES), 25 * GB, BUDGET.limit, BUDGET.memory, False, 140),
    standby_first=(),
)

HOSTILE = replace(
    TUNING,
    target='"><script>alert(1)</script> \x1b[31m',
    lines=(
        Line(
            "log_line_prefix", "<script>alert('old')</script>",
            "'; rm -rf / #\n$(reboot) `id` \"|\\ <b>", "a reason\nlisten_addresses = '*'\n| with pipes | & <i>",
            "a source */ --> ]]>", False, "postgresql.conf:1\n# injected", "statistics",
            "'; rm -rf / #\n$(reboot) `id` \"|\\ <b>",
        ),
    ),
    notes=("<img src=x onerror=alert(1)>", "line\r\nbreak"),
)  # fmt: skip
