"""The twin plans as the database that its snapshot was taken from."""

from dataclasses import replace

import psycopg
import pytest

from pgtune.model.design import Design, Query
from pgtune.model.errors import NotPlannable, ServerNotFound
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Object, Snapshot
from pgtune.twin import raised, raising
from tests.db.twinning import QUERIES, filled, planned


def test_every_plan_is_the_real_one(database):
    """On what exists, every shape and every cost is the real server's, on each version's own planner."""
    with filled(database) as real:
        snapshot = capture(database)
        with raised(snapshot) as twin:
            assert twin.planner_differs is None
            assert twin.left_out == ()
            unseen = any("ranges in public.people.span" in doubt for doubt in twin.doubts)
            assert unseen == (real.info.server_version < 170000)
            for text in QUERIES:
                if unseen and "span" in text:
                    continue
                true, plan = planned(real, text), twin.plan(Query(text))
                assert (plan.shape, text) == (true.shape, text)
                close = 0.02 if "@" in text else 0.0001  # of a GIN index only the size is known, not its inner division
                assert (plan.cost, text) == (pytest.approx(true.cost, rel=close), text)


def test_parameters_are_planned_generically_or_with_their_values(database):
    """A generic plan is the one a prepared statement gets; bound values are typed by the server."""
    with filled(database) as real, raised(capture(database)) as twin:
        text = "select * from people where feeling = $1 and born > $2"
        real.execute("set plan_cache_mode = force_generic_plan")
        real.execute("prepare asked as " + text)
        generic = planned(real, "execute asked (null, null)")
        assert twin.plan(Query(text)).cost == generic.cost
        rare = twin.plan(Query(text, ("happy", "2024-01-01")))
        assert rare.cost == planned(real, "select * from people where feeling = 'happy' and born > '2024-01-01'").cost
        assert rare.root.rows < twin.plan(Query(text, ("ok", "2001-01-01"))).root.rows


def test_constants_that_were_added_up_are_planned(database):
    """What pg_stat_statements makes of `values (1, 2 + 3)` has no type for the sum: it gets one that becomes any."""
    text = "insert into orders (id, customer_id, paid, note) values ($1, $2 + $3, $4 * $5 - $6, -$7 || 'x')"
    with raised(capture(database)) as twin:
        assert twin.plan(Query(text)).root.kind == "ModifyTable"
        assert twin.plan(Query(text, ("1", "2", "3", "4", "5", "6", "7"))).root.kind == "ModifyTable"


def test_names_are_found_on_the_search_path_of_the_query(database):
    """The same text means another table on another path, and no table on none."""
    script = 'create schema a;\ncreate table a.t (x int);\ncreate schema "b ,";\ncreate table "b ,".t (y int)'
    with filled(database, script), raised(capture(database)) as twin:
        assert twin.plan(Query("select x from t", (), ("a",))).root.relation.schema == "a"
        assert twin.plan(Query("select y from t", (), ("b ,", "a"))).root.relation.schema == "b ,"
        with pytest.raises(NotPlannable, match="does not exist"):
            twin.plan(Query("select x from t"))


def test_settings_of_production_and_of_a_design_hold(database):
    """The snapshot's planner settings are in force, a design's for its plans alone."""
    with psycopg.connect(database, autocommit=True) as real:
        name = real.info.dbname
        real.execute(f"alter database {name} set enable_hashjoin = off")
        real.execute(f"alter database {name} set random_page_cost = 1.1")
    text = "select * from orders o join customers c on c.id = o.customer_id"
    with psycopg.connect(database, autocommit=True) as real, raised(capture(database)) as twin:
        assert twin.plan(Query(text)).shape == planned(real, text).shape
        hashed = twin.plan(Query(text), Design(settings=(("enable_hashjoin", "on"),)))
        assert hashed.root.kind == "Hash Join"
        assert twin.plan(Query(text)).root.kind != "Hash Join"
        with pytest.raises(NotPlannable, match="no_such_thing"):
            twin.plan(Query(text), Design(settings=(("no_such_thing", "1"),)))
        assert twin.plan(Query(text)).shape == planned(real, text).shape


def test_an_estimated_height_is_the_true_one(database):
    """Without pageinspect on the server heights are reckoned from pages and widths, and costs stay the same."""
    with psycopg.connect(database, autocommit=True) as real:
        assert all(index.height is None for table in capture(database).tables for index in table.indexes)
        with raised(capture(database)) as twin:
            for text in ("select * from orders where id = 5", "select * from orders where customer_id = 5"):
                assert twin.plan(Query(text)).cost == planned(real, text).cost


def test_what_is_missing_takes_only_its_dependents_along(database):
    """An extension and a function that are not here cost what needs them; a default goes, its table stays."""
    with psycopg.connect(database, autocommit=True) as real:
        real.execute("create table kept (id int, code text)")
    snapshot = _with_missing_extension(capture(database))
    with raised(snapshot) as twin:
        lost = {each.name: each for each in twin.left_out}
        assert "no_such_extension" in lost
        assert lost["public.needs_it"].because == "extension no_such_extension"
        assert lost["public.needs_that"].because == "view public.needs_it"
        assert lost["public.kept.code"].kind == "default"
        assert twin.plan(Query("select * from kept")).root.relation.name == "kept"


def _with_missing_extension(snapshot: Snapshot) -> Snapshot:
    of_that = "CREATE VIEW public.needs_that AS SELECT m FROM public.needs_it"
    default = "ALTER TABLE public.kept ALTER code SET DEFAULT missing()"
    more = (
        Object("x:1", "extension", "no_such_extension", 'CREATE EXTENSION "no_such_extension" WITH SCHEMA public'),
        Object("x:2", "view", "public.needs_it", "CREATE VIEW public.needs_it AS SELECT missing() AS m", ("x:1",)),
        Object("x:3", "view", "public.needs_that", of_that, ("x:2",)),
        Object("x:4", "default", "public.kept.code", default, ("x:1",)),
    )  # fmt: skip
    return replace(snapshot, objects=snapshot.objects + more)


def test_a_planner_that_differs_is_named(database, monkeypatch):
    """Where there are no programs of the target's version 18 plans, and the twin says so."""
    snapshot = capture(database)
    find = raising.find

    def none_but_18(major: int = 18):
        if major != 18:
            raise ServerNotFound("none here")
        return find(major)

    monkeypatch.setattr(raising, "find", none_but_18)
    with raised(snapshot) as twin:
        assert twin.major == 18
        assert (twin.planner_differs is None) == (snapshot.major == 18)
        assert twin.plan(Query("select * from orders where id = 5")).root.kind == "Index Scan"


def test_extended_statistics_are_said_not_to_travel(database):
    """Their object is made, their contents are not there, and the twin says so."""
    with psycopg.connect(database, autocommit=True) as real:
        real.execute("create statistics pair (dependencies) on customer_id, paid from orders")
        real.execute("analyze orders")
    with raised(capture(database)) as twin:
        assert any("public.pair" in doubt for doubt in twin.doubts)


def test_row_level_security_is_planned_in_and_said(database):
    """Whoever uses the application is held by the policy; that its owner is not, a reader must know."""
    query = Query("select * from orders where paid > 100")
    with raised(capture(database)) as twin:
        assert twin.plan(query).root.kind == "Seq Scan"
        assert not any("row-level security" in doubt for doubt in twin.doubts)
    with psycopg.connect(database, autocommit=True) as real:
        real.execute("alter table orders enable row level security")
        real.execute("create policy own on orders using (id = 5)")
    with raised(capture(database)) as twin:
        assert twin.plan(query).root.kind == "Index Scan"
        assert any(doubt.startswith("row-level security of public.orders is planned in") for doubt in twin.doubts)


NO_QUERIES = (
    "", "select 1; select 2", "vacuum orders", "explain select 1", "select 1 into x", "analyze delete from orders",
    "(analyze) delete from orders", "copy orders to stdout", "select 1\0", "selec 1", "execute asked(1)",
)  # fmt: skip


def test_only_one_planable_statement_is_planned(own_server):
    """Everything else is refused before it reaches the server."""
    server = own_server()
    with psycopg.connect(server.conninfo(), autocommit=True) as real:
        real.execute("create table orders (id int)")
    with raised(capture(server.conninfo())) as twin:
        for text in NO_QUERIES:
            with pytest.raises(NotPlannable):
                twin.plan(Query(text))
        assert twin.plan(Query("select * from orders")).root.kind == "Seq Scan"
