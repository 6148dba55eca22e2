"""A workload out of entries: what belongs to it, what is the same, what is left out and why."""

import pytest

from pgtune.workload import Entry, Gathering, statistics
from tests.unit.workload.sample import snapshot


def gathered(*entries, taken=None):
    return Gathering(taken or snapshot()).add(entries).workload()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("select 1", "reads no table"),
        ("select /* pgtune */ id from orders order by id limit $1", "it is pgtune's own"),
        ("select * from pg_stat_activity where pid = $1", "own catalogs"),
        ("select relname from pg_catalog.pg_class join information_schema.tables on true", "own catalogs"),
        ("vacuum orders", "no plan"),
        ("begin", "no plan"),
        ("create temp table x as select * from orders", "no plan"),
        ("select * from scratch where id = $1", "scratch is not in the snapshot"),
        ("select * from other.orders", r"other\.orders is not in the snapshot"),
        ("selec * from orders", "syntax error"),
        ("select * from orders; select 1", "one statement"),
    ],
)
def test_what_is_left_out_says_why(text, why):
    """Nothing disappears silently."""
    found = gathered(Entry(text, "x", 1, 5.0))
    assert not found.statements
    (left,) = found.left_out
    assert why in left.why.replace(".", r"\.") if "\\" in why else why in left.why
    assert left.total_ms == 5.0


def test_a_cut_off_text_is_left_out():
    """Half a statement could parse as another one."""
    found = gathered(Entry("select * from orders", "x", 1, truncated=True))
    assert [each.why for each in found.left_out] == ["its text is cut off"]


def test_views_catalogs_beside_tables_and_cursors_belong_to_it():
    """What reads a table at all is kept, and DECLARE CURSOR is its query."""
    texts = (
        "select * from recent",
        "select * from orders o join pg_class c on true",
        "declare c cursor for select * from orders",
    )
    found = gathered(*(Entry(text, "x", 1) for text in texts))
    assert len(found.statements) == 3
    assert {each.kind for each in found.statements} == {"select"}


def test_the_same_statement_counts_together():
    """Calls and times add up over roles and spellings; the order is that of time."""
    found = gathered(
        Entry("select * from orders where id = $1", "x", 5, 50.0),
        Entry("SELECT * FROM orders WHERE id = $1", "x", 5, 60.0),
        Entry("select * from orders where status = $1", "x", 1, 500.0),
    )
    assert [(each.calls, each.total_ms) for each in found.statements[:1]] == [(1, 500.0)]
    same = found.statements[1:]
    assert len({each.fingerprint for each in same}) == 1
    assert sum(each.weight for each in same) == 10
    assert sum(each.total_ms for each in same) == pytest.approx(110)


def test_constants_make_variants_but_not_many():
    """A thousand texts that differ in a constant are five with the weight of all."""
    found = gathered(*(Entry(f"select * from orders where id = {number}", "log", 1, 1.0) for number in range(1000)))
    assert len(found.statements) == 5
    assert sum(each.weight for each in found.statements) == pytest.approx(1000)


def test_the_search_path_of_a_role_counts():
    """The same text means other tables for another role, and `$user` is the role."""
    taken = snapshot(search_paths={"app": ("$user", "shop"), "": ("public",)})
    found = Gathering(taken).add(
        [Entry("select * from orders", "x", 1, role="app"), Entry("select * from orders", "x", 1)]
    )
    assert [each.search_path for each in found.workload().statements] == [("public",)]
    assert [each.why for each in found.workload().left_out] == [
        "orders is not in the snapshot (temporary, dropped, or not readable)"
    ]


def test_other_databases_are_passed_over():
    """A log holds those of the whole server."""
    found = gathered(
        Entry("select * from orders", "x", 1, database="other"), Entry("select * from orders", "x", 1, database="shop")
    )
    assert [each.calls for each in found.statements] == [1]


def test_a_run_that_auto_explain_logged_too_counts_once():
    """But one that only auto_explain logged does count."""
    twice = [Entry("select * from orders where id = 1", "log", 1, 9.0, explained=flag) for flag in (True, False)]
    alone = Entry("select * from orders where status = 'new'", "log", 1, 7.0, explained=True)
    assert [(each.calls, each.total_ms) for each in gathered(*twice, alone).statements] == [(1, 9.0), (1, 7.0)]


def test_files_have_placeholders_servers_have_operators():
    """`?` is a parameter in a file and jsonb's operator in what a server recorded."""
    theirs = gathered(Entry("select * from orders where doc ? 'k'", "x", 1)).statements
    ours = gathered(Entry("select * from orders where id = ?", "f", native=False)).statements
    assert (theirs[0].parameters, ours[0].parameters) == (0, 1)


def test_parameters_without_a_type_get_one():
    """`$1 IS NULL OR c = $1` cannot be planned otherwise."""
    (found,) = gathered(Entry("select * from orders where $1 is null or customer_id = $1", "x", 1)).statements
    assert found.text == "select * from orders where $1::bigint is null or customer_id = $1::bigint"


def test_recorded_parameters_are_the_bindings():
    """Of those that have as many values as the statement has parameters."""
    entries = [
        Entry("select * from orders where id = $1", "log", 1, parameters=values)
        for values in (("5",), ("5",), ("6", "7"))
    ]
    (found,) = gathered(*entries).statements
    assert [(each.values, each.share) for each in found.bindings] == [(("5",), 1.0)]


def test_writes_belong_to_it():
    """Each kind of statement, weighed by its calls."""
    texts = (
        "insert into orders (id) values ($1)",
        "update orders set total = $1 where id = $2",
        "delete from orders where id = $1",
    )
    taken = snapshot(*texts)
    found = Gathering(taken).add(statistics.entries(taken)).workload()
    assert sorted(each.kind for each in found.statements) == ["delete", "insert", "update"]
    assert {each.weight for each in found.statements} == {10}


def test_same_input_same_answer():
    """The order of entries does not matter."""
    entries = [Entry(f"select {column} from orders where id = $1", "x", number % 3) for number, column in
               enumerate(("id", "total", "status", "doc"))]  # fmt: skip
    assert gathered(*entries) == gathered(*reversed(entries))


def test_without_a_snapshot_everything_that_has_a_plan_is_kept():
    """Names stay unresolved, and there are no statistics to take values from."""
    found = Gathering().add([Entry("select * from anything where x = :y", "f", native=False)]).workload()
    assert [(each.parameters, each.bindings) for each in found.statements] == [(1, ())]
