"""Fourteen ways in which tuners are wrong or dangerous: each is held here."""

import itertools

import pytest

from pgtune.model.server import Activity
from pgtune.model.units import GB, MB, parse_bytes
from pgtune.settings import RULES
from pgtune.settings.situation import PROFILES

UNTOUCHED = ("listen_addresses", "wal_level", "archive_mode", "fsync", "full_page_writes", "synchronous_commit",
             "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "password_encryption",
             "wal_log_hints", "huge_pages", "max_wal_senders", "ssl")  # fmt: skip


def proposed(tuning):
    return {line.name: line.proposed for line in tuning.lines}


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
@pytest.mark.parametrize("profile", PROFILES)
def test_only_values_that_every_build_takes(tuned, situation, major, profile):
    """1: an enum value that is not among the target's choices, or a bound broken, stops the server from booting."""
    now = situation(major=major, profile=profile)
    for line in tuned(major=major, profile=profile).lines:
        setting = now.settings[line.name]
        assert setting.type != "enum" or line.proposed in setting.choices
        if setting.low is not None and setting.type in {"integer", "real"}:
            assert float(setting.low) <= float(line.raw) <= float(setting.high)


@pytest.mark.parametrize(
    ("ram", "cpus", "connections", "profile", "major"),
    list(itertools.product(("512MB", "1GB", "2GB", "16GB", "2TB"), (0.5, 4, 64), (20, 200, 5000), PROFILES, (14, 18))),
)
def test_the_sum_stays_under_ninety_percent_or_says_what_fits(tuned, ram, cpus, connections, profile, major):
    """3: the budget counts hash_mem_multiplier, workers and backends, and where it cannot fit says how many do."""
    tuning = tuned(ram, cpus, major=major, connections=connections, profile=profile)
    budget = tuning.budget
    assert sum(line.bytes for line in budget.lines) == budget.total
    assert budget.limit == int(0.9 * parse_bytes(ram))
    if budget.fits:
        assert budget.total <= budget.limit
    else:
        assert budget.connections_that_fit < connections
        assert any("pooler" in note or "does not fit" in note for note in tuning.notes)


@pytest.mark.parametrize("ram", ["512MB", "1GB", "2GB", "8GB"])
def test_the_connections_that_fit_do_fit(tuned, ram):
    """3: the number given is checked against the same budget: it fits, and a tenth more would not."""
    fit = tuned(ram, 2, connections=5000, profile="web").budget.connections_that_fit
    current = {"max_connections": "20"}
    assert tuned(ram, 2, connections=fit, profile="web", current=current).budget.fits
    assert not tuned(ram, 2, connections=int(fit * 1.1) + 1, profile="web", current=current).budget.fits


@pytest.mark.parametrize("profile", PROFILES)
def test_security_durability_and_timeouts_are_not_touched(tuned, profile):
    """4, 14: wal_level, archiving, listening, durability, timeouts: not a tuner's business."""
    assert not set(UNTOUCHED) & set(RULES)
    assert not set(UNTOUCHED) & set(proposed(tuned("4GB", 2, profile=profile, statistics=True)))


@pytest.mark.parametrize("name", ["max_connections", "max_worker_processes", "autovacuum_max_workers"])
def test_what_is_in_force_is_never_lowered(tuned, name):
    """5: a standby, an extension or an application may count on it."""
    tuning = tuned("2GB", 1, connections=20, current={name: "500"}, activity=Activity())
    assert name not in proposed(tuning)


def test_fewer_connections_than_in_force_are_refused_aloud(tuned):
    """5: asking for fewer connections is answered, not silently dropped."""
    assert any("max_connections stays at 100" in note for note in tuned(connections=20, activity=Activity()).notes)


def test_connections_that_run_out_are_seen(tuned):
    """5: a server at 80 % of its connections is told before the next one is refused."""
    assert any("85 of 100 connections" in note for note in tuned(activity=Activity(sessions=85)).notes)
    assert not any("are in use" in note for note in tuned(activity=Activity(sessions=20)).notes)


def test_shared_buffers_are_capped_with_a_reason(tuned):
    """6: a quarter of 2 TB would cost 5 % of memory in page tables alone."""
    line = next(line for line in tuned("2TB", 64, profile="dw").lines if line.name == "shared_buffers")
    assert "page tables" in line.why
    assert "the guide: 512GB" in line.why


def test_wal_never_outgrows_its_disk(tuned):
    """7: max_wal_size is soft, so it is kept to 40 % of the disk, and min_wal_size below it."""
    tuning = proposed(tuned("512MB", 1, profile="oltp", wal_free="3GB"))
    assert parse_bytes(tuning["max_wal_size"]) <= 0.4 * 3 * GB
    assert parse_bytes(tuning["min_wal_size"]) <= parse_bytes(tuning["max_wal_size"])


@pytest.mark.parametrize("ram", ["512MB", "4GB", "256GB"])
def test_autovacuum_memory_is_always_bounded(tuned, sheet, ram):
    """8: ten workers times maintenance_work_mem is how a tuned server dies; all workers together get a sixteenth."""
    page = sheet(ram)
    total = page.number("autovacuum_work_mem") * page.number("autovacuum_max_workers")
    assert total <= parse_bytes(ram) / 16
    assert "autovacuum_work_mem" in proposed(tuned(ram))


def test_an_unknown_disk_is_said_to_be_unknown(tuned):
    """9: kernels lie about disks; where nothing was measured the reason says so."""
    line = next(line for line in tuned(storage="unknown").lines if line.name == "random_page_cost")
    assert "unknown" in line.why


def test_two_cpus_do_not_run_parallel_queries(tuned):
    """12: on two CPUs one TPC-H query took 2.7 times the CPU with two workers."""
    assert proposed(tuned("4GB", 2, profile="oltp"))["max_parallel_workers_per_gather"] == "0"


@pytest.mark.parametrize("ram", ["1500MB", "6GB", "7800MB", "23GB", "100GB"])
def test_units_are_whole_and_postgresqls_own(tuned, ram):
    """13: no rounding to the nearest gigabyte (6 GB of memory is not 2 GB of buffers), no `1.5GB`, no `GiB`."""
    tuning = proposed(tuned(ram))
    buffers = parse_bytes(tuning["shared_buffers"])
    assert 0.23 <= buffers / parse_bytes(ram) <= 0.251
    assert all("." not in value or name == "random_page_cost" for name, value in tuning.items())


def test_a_value_within_five_percent_is_left_alone(tuned):
    """What is right already is not recommended again."""
    near = {"shared_buffers": str(4 * GB // 8192 * 97 // 100)}
    assert "shared_buffers" not in proposed(tuned("16GB", current=near))
    far = {"shared_buffers": str(4 * GB // 8192 * 90 // 100)}
    assert "shared_buffers" in proposed(tuned("16GB", current=far))


@pytest.mark.parametrize(
    ("name", "raw"),
    [("shared_buffers", str(38 * 16 * GB // 100 // 8192)), ("random_page_cost", "1.25"), ("max_wal_size", "8192"),
     ("checkpoint_timeout", "1800"), ("maintenance_work_mem", str(1024 * 1024)), ("autovacuum_work_mem", "131072")],
)  # fmt: skip
def test_what_somebody_chose_well_is_left_alone(tuned, name, raw):
    """A larger cache within the documentation's 40 %, a longer checkpoint that recovers in time: no needless change."""
    assert name not in proposed(tuned("16GB", activity=Activity(), current={name: raw}))


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [("shared_buffers", str(60 * 16 * GB // 100 // 8192), "4GB"), ("max_wal_size", str(100 * 1024), "11GB"),
     ("checkpoint_timeout", "43200", "1h"), ("work_mem", str(2 * 1024 * 1024), "54MB"),
     ("random_page_cost", "0.5", "1.1")],
)  # fmt: skip
def test_what_is_out_of_bounds_comes_back_to_the_bound(tuned, name, raw, expected):
    """Too much is brought back: to the bound it breaks, not below it."""
    values = proposed(tuned("16GB", activity=Activity(), current={name: raw}))
    assert values[name] == expected


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("ram", ["512MB", "2GB", "24GB", "2TB"])
@pytest.mark.parametrize("major", [14, 18])
def test_following_the_advice_leaves_nothing_to_say(tuned, profile, ram, major):
    """The second run finds nothing: no rule depends on its own answer."""
    first = tuned(ram, 2, major=major, profile=profile, wal_free="50GB", activity=Activity(slots=1))
    current = {line.name: line.raw for line in first.lines}
    again = tuned(ram, 2, major=major, profile=profile, wal_free="50GB", activity=Activity(slots=1), current=current)
    assert proposed(again) == {}


def test_large_segments_are_respected(sheet):
    """7: min_wal_size takes two segments and max_wal_size five, or the next start fails."""
    page = sheet("4GB", storage="hdd", current={"wal_segment_size": str(GB), "max_wal_size": "65536"})
    assert page["max_wal_size"] >= 5 * GB
    assert page["min_wal_size"] >= 2 * GB


def test_the_least_connections_that_boot(tuned):
    """5: fewer connections than are reserved for superusers do not boot; what was asked for is named."""
    line = next(line for line in tuned(connections=2).lines if line.name == "max_connections")
    assert line.proposed == "4"
    assert "2 were asked for" in line.why


@pytest.mark.parametrize("cpus", [32, 64, 256])
def test_many_cpus_do_not_shrink_a_cache_in_force(tuned, sheet, cpus):
    """6: page tables cap what is proposed, never what runs; and never below a tenth of memory."""
    quarter = {"shared_buffers": str(64 * GB // 8192)}
    more = {"connections": 2000, "activity": Activity(), "profile": "oltp"}
    assert "shared_buffers" not in proposed(tuned("256GB", cpus, current=quarter, **more))
    assert sheet("256GB", cpus, **more)["shared_buffers"] >= 25 * GB


def test_strict_guide_gives_the_letter_and_warns(tuned):
    """--strict-guide: the guide's ten figures to the letter, and the rule's own reason where it disagrees."""
    tuning = tuned("512MB", 2, "hdd", strict_guide=True, current={"wal_buffers": "512"})
    values = proposed(tuning)
    assert values["work_mem"] == "64MB"
    assert values["random_page_cost"] == "1.1"
    assert values["max_wal_size"] == "2GB"
    assert values["wal_buffers"] == "16MB"
    assert values["effective_io_concurrency"] == "200"
    assert any(note.startswith("work_mem = 64MB by the guide") for note in tuning.notes)
    assert any(note.startswith("random_page_cost = 1.1 by the guide") for note in tuning.notes)
    assert any("do not fit" in note for note in tuning.notes)


def test_a_users_guide_counts(tuned):
    """Every figure of the guide can be replaced by a file of one's own."""
    tuning = tuned("16GB", override='[settings]\nwork_mem = "32MB"\nshared_buffers = "20%"\n')
    assert proposed(tuning)["work_mem"] == "32MB"
    assert 0.19 * 16 * GB < parse_bytes(proposed(tuning)["shared_buffers"]) <= 0.2 * 16 * GB


def test_departures_name_the_guides_figure(tuned):
    """A line that departs from the guide says from what."""
    line = next(line for line in tuned("2GB", 2, profile="web").lines if line.name == "maintenance_work_mem")
    assert "the guide: 256MB" in line.why
    assert parse_bytes(line.proposed) == 128 * MB


def test_what_is_switched_off_is_named_and_left(tuned):
    """A consultant says it aloud: no fsync, no full pages, a planner method forbidden; none of them is a line."""
    off = {"fsync": "off", "full_page_writes": "off", "enable_nestloop": "off"}
    tuning = tuned(current=off)
    assert not set(off) & set(proposed(tuning))
    for name in off:
        assert any(note.startswith(f"{name} = off") for note in tuning.notes)
    assert not any("= off" in note for note in tuned().notes)
