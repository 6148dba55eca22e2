"""`pgtune snapshot`: the file and its summary, on real servers; a masked one plans like the one it was made of."""

import gzip
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from pgtune.cli import root
from pgtune.cluster import Cluster
from pgtune.model.design import Query
from pgtune.model.errors import BadInput, NotAllowed
from pgtune.server.capture import capture
from pgtune.snapshot import dump
from pgtune.snapshot.mask import mask
from pgtune.snapshot.snapshot import Recorded
from pgtune.twin import raised
from pgtune.usecases.snapshot import read, take
from tests.conftest import Role, execute
from tests.db.twinning import QUERIES, filled


def quiet(_text: str) -> None:
    pass


def test_the_file_is_its_owners_alone_and_whole(database: str, tmp_path: Path):
    """Mode 0600 whatever was there before, nothing left beside it, and what is read is what was taken."""
    file = tmp_path / "prod.pgtune"
    file.write_text("old")
    file.chmod(0o644)
    taken = take(database, file, say=quiet)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["prod.pgtune"]
    found = read(file)
    assert (taken.tables, taken.size_bytes, taken.whole) == (len(found.tables), file.stat().st_size, True)
    assert found.tables == capture(database).tables


def test_an_old_file_survives_a_failure(tmp_path: Path, database: str):
    """What cannot be taken replaces nothing."""
    file = tmp_path / "prod.pgtune"
    file.write_text("old")
    with pytest.raises(BadInput, match="no table of this name"):
        take(database, file, tables=["nothing"], say=quiet)
    assert file.read_text() == "old"


@pytest.mark.parametrize("name", ["nowhere/x.pgtune", "."])
def test_a_place_that_cannot_hold_it_is_refused_first(tmp_path: Path, name: str):
    """A wrong path is said before any server is asked: this conninfo leads nowhere."""
    with pytest.raises(BadInput):
        take("host=/nowhere", tmp_path / name, say=quiet)


def test_a_file_that_is_none_is_one_line(tmp_path: Path):
    """Missing, foreign and closed files are errors that name the file."""
    with pytest.raises(BadInput, match=r"x\.pgtune: No such file"):
        read(tmp_path / "x.pgtune")
    (tmp_path / "x.pgtune").write_text("hello")
    with pytest.raises(BadInput, match=r"x\.pgtune: this is no snapshot"):
        read(tmp_path / "x.pgtune")


def test_the_command_says_what_is_missing(server: Cluster, database: str, role: Role, tmp_path: Path):
    """Exit code 1 and the grant where statistics are hidden, 0 where nothing is; JSON is the same as the words."""
    reader = role(server, "pg_monitor", dbname=str(conninfo_to_dict(database)["dbname"]))
    file = str(tmp_path / "x.pgtune")
    done = CliRunner().invoke(root, ["snapshot", reader, "-o", file], standalone_mode=False)
    assert done.return_value == 1
    assert 'GRANT SELECT ON "public"."orders" TO' in done.stdout
    assert "reading the schema" in done.stderr
    done = CliRunner().invoke(root, ["snapshot", database, "-o", file, "--output", "json"], standalone_mode=False)
    assert done.return_value == 0
    answer = json.loads(done.stdout)
    assert (answer["schema"], answer["tables"], answer["masked"]) == ("pgtune.snapshot.summary/1", 2, False)


def test_nothing_of_the_data_is_in_a_masked_file(database: str, tmp_path: Path):
    """Values of columns, of checks, defaults, bounds, comments, functions and statements are gone from the file."""
    execute(
        database,
        """
        create type kind as enum ('c4n4ry', 'other');
        create table planted (k kind default 'c4n4ry', name text check (name <> 'c4n4ry three'), n int default 777123,
          born date, doc jsonb, tags text[], words tsvector) partition by list (name);
        create table planted_1 partition of planted for values in ('c4n4ry', 'c4n4ry two', 'x');
        create table planted_2 partition of planted default;
        create index on planted (n) where name = 'c4n4ry';
        comment on table planted is 'c4n4ry';
        create function planting() returns text language plpgsql as $$ begin return 'c4n4ry' || 777123; end $$;
        create view plants as select * from planted where name like 'c4n4ry%' and born > '1977-07-13';
        insert into planted select 'c4n4ry', case when i % 2 = 0 then 'c4n4ry' else 'c4n4ry two' end, 777123 + i % 3,
          date '1977-07-13' + i % 2, jsonb_build_object('a', 'c4n4ry', 'b', 777123), array['c4n4ry', 'b'],
          to_tsvector('simple', 'c4n4ry') from generate_series(1, 1000) i;
        analyze planted;
        """,
    )
    file = tmp_path / "x.pgtune"
    take(database, file, masked=True, say=quiet)
    data = gzip.decompress(file.read_bytes())
    assert not [each for each in (b"c4n4ry", b"777123", b"777124", b"1977-07-13") if each in data]
    assert b"c4n4ry" in gzip.decompress(dump(capture(database)))


def test_a_masked_snapshot_plans_like_its_original(database: str):
    """The same shapes, and costs within a few percent, for constants of every type that statistics know."""
    with filled(database):
        found = capture(database)
    recorded = tuple(Recorded(text, 1, 1.0) for text in QUERIES)
    held = replace(found, workload=recorded)
    masked = mask(held)
    assert len(masked.workload) == len(QUERIES)
    with raised(held) as twin:
        plans = [twin.plan(Query(text)) for text in QUERIES]
    with raised(masked) as twin:
        assert twin.left_out == ()
        others = [twin.plan(Query(each.text)) for each in masked.workload]
    for text, plan, other in zip(QUERIES, plans, others, strict=True):
        assert (text, other.shape) == (text, plan.shape)
        assert (text, other.cost) == (text, pytest.approx(plan.cost, rel=0.1))


def test_a_file_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder that is closed is named with what is wrong; root may write everywhere, so access is asked."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(NotAllowed, match="may not write"):
        take("host=/nowhere", tmp_path / "x.pgtune", say=quiet)
