"""The shape of a statement: conditions, joins, orders and groups, each with the relation that it belongs to."""

from typing import ClassVar

import pytest

from pgtune.model.design import Name
from pgtune.model.errors import NotSql
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.conditions import conditions
from pgtune.sqltext.shape import Source


class Shop:
    """Two schemas with a table of the same name, as a catalog under search_path = sales, public."""

    tables: ClassVar = {
        Name("sales", "orders"): {"id": "bigint", "customer_id": "bigint", "status": "character varying(9)"},
        Name("public", "orders"): {"old": "bigint"},
        Name("public", "customers"): {"id": "bigint", "email": "text", "deleted": "boolean"},
    }

    def resolve(self, schema, name):
        found = [Name(each, name) for each in ([schema] if schema else ["sales", "public"])]
        return next((each for each in found if each in self.tables), None)

    def columns(self, table):
        return self.tables.get(table, {})


def told(text, catalog=None):
    """Predicates of every block as short tuples."""
    return [(p.term.sql, p.test, p.operator, tuple(v.literal or v.parameter or v.sql for v in p.values))
            for p in shape(text, catalog).predicates()]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a = $1", ("a", "equal", "=", (1,))),
        ("5 < a", ("a", "range", ">", ("5",))),
        ("a in (1, $2)", ("a", "in", "=", ("1", 2))),
        ("a = any($1)", ("a", "in", "=", (1,))),
        ("a = any(array[1, 2])", ("a", "in", "=", ("1", "2"))),
        ("a like 'x%'", ("a", "prefix", "~~", ("x%",))),
        ("a like '%x'", ("a", "infix", "~~", ("%x",))),
        ("a like $1", ("a", "pattern", "~~", (1,))),
        ("a ilike '%x%'", ("a", "infix", "~~*", ("%x%",))),
        ("a ~ '^ab'", ("a", "prefix", "~", ("^ab",))),
        ("a ~ 'ab'", ("a", "infix", "~", ("ab",))),
        ("starts_with(a, 'x')", ("a", "prefix", "^@", ("x",))),
        ("a is null", ("a", "null", "IS NULL", ())),
        ("a is not null", ("a", "not null", "IS NOT NULL", ())),
        ("a", ("a", "true", "IS TRUE", ())),
        ("not a", ("a", "true", "IS FALSE", ())),
        ("doc @> '{}'", ("doc", "contains", "@>", ("{}",))),
        ("'{}' <@ doc", ("doc", "contains", "@>", ("{}",))),
        ("doc ? 'k'", ("doc", "contains", "?", ("k",))),
        ("v @@ to_tsquery($1)", ("v", "contains", "@@", ("to_tsquery($1)",))),
        ("lower(a) = 'x'", ("lower(a)", "equal", "=", ("x",))),
        ("doc ->> 'k' = $1", ("doc ->> 'k'", "equal", "=", (1,))),
        ("a > now() - interval '1 day'", ("a", "range", ">", ("now() - CAST('1 day' AS interval)",))),
        ("a = (select max(b) from s)", ("a", "equal", "=", ("(SELECT max(b) FROM s)",))),
        ("a = '2026-01-01'::date", ("a", "equal", "=", ("2026-01-01",))),
        ("'x' = any(tags)", ("'x' = ANY(tags)", "other", "= ANY", ())),
        ("a + b > 5", ("a + b", "range", ">", ("5",))),
    ],
)
def test_conditions(condition, expected):
    """Each kind of condition, the term on its left."""
    assert told(f"select 1 from t where {condition}")[0] == expected


def test_between_and_rows_are_conditions_on_each_column():
    """A keyset cursor's row comparison and BETWEEN give what an index can use."""
    found = told("select 1 from t where (a, b) > ($1, $2) and c between 1 and 2")
    assert found == [
        ("a", "range", ">", (1,)), ("b", "range", ">", (2,)), ("c", "range", ">=", ("1",)), ("c", "range", "<=", ("2",))
    ]  # fmt: skip


def test_negations_and_arms_are_marked():
    """What an index cannot serve, and what not every row must meet."""
    found = list(
        shape(
            "select 1 from t where not (a = 1 and b = 2) and c not in (1) and d <> 1 and (e = 1 or f = 2)"
        ).predicates()
    )
    assert [(p.term.sql, p.negated, p.arm) for p in found] == [
        ("a", True, None), ("b", True, None), ("c", True, None), ("d", True, None),
        ("e", False, (1, 0)), ("f", False, (1, 1)),
    ]  # fmt: skip


def test_names_are_resolved_along_the_search_path():
    """The first schema that has the table counts; a schema in the text overrules; a CTE hides a table."""
    text = "with customers as (select 1) select * from orders o, public.orders p, customers, nowhere"
    assert [(s.name, s.table) for s in shape(text, Shop()).sources] == [
        ("orders", Name("sales", "orders")), ("orders", Name("public", "orders")), ("nowhere", None)
    ]  # fmt: skip


def test_bare_columns_go_to_the_relation_that_has_them():
    """With a catalog nobody needs to qualify; without one a column of a join is nobody's."""
    text = "select 1 from orders join customers c on customer_id = c.id where status = 'x' and email = 'y' and id = 1"
    found = shape(text, Shop())
    assert [(found.source(p.term.source).name, p.term.sql) for p in found.predicates()] == [
        ("orders", "status"), ("customers", "email")
    ]  # fmt: skip
    assert [(j.left.sql, j.right.sql) for j in found.blocks[0].joins] == [("customer_id", "id")]
    assert not list(shape(text).predicates())


def test_joins_of_every_kind():
    """ON, USING, WHERE, IN, EXISTS, and outer ones marked."""
    found = shape(
        "select 1 from a join b using (k) left join c on c.x = a.x, d where d.y = b.y"
        " and a.m in (select m from e) and exists (select 1 from f where f.n = a.n)"
    )
    joins = [(j.left.sql, found.source(j.left.source).name, found.source(j.right.source).name, j.outer, j.semi)
             for block in found.blocks for j in block.joins]  # fmt: skip
    assert joins == [
        ("k", "a", "b", False, False), ("x", "c", "a", True, False), ("y", "d", "b", False, False),
        ("m", "a", "e", False, True), ("n", "f", "a", False, True),
    ]  # fmt: skip


def test_conditions_outside_a_subquery_reach_its_table():
    """The planner pushes them down, through renamed columns too; not through a GROUP BY or LIMIT."""
    assert told("select 1 from (select a as z from t) s where s.z = 1")[0][0] == "a"
    assert told("with s as (select * from t) select 1 from s where q = 1")[0][0] == "q"
    assert told("select 1 from (select a from t limit 5) s where s.a = 1") == []
    assert told("select 1 from (select a, count(*) from t group by a) s where s.a = 1") == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("a", [("a", False, False)]),
        ("a desc", [("a", True, True)]),
        ("a desc nulls last, b nulls first", [("a", True, False), ("b", False, True)]),
        ("2 desc", [("lower(b)", True, True)]),
        ("named", [("lower(b)", False, False)]),
        ("a, count(*)", []),
    ],
)
def test_orders(order, expected):
    """Directions and NULLS as PostgreSQL takes them; positions and output names are what they stand for."""
    block = shape(f"select a, lower(b) as named, b from t order by {order} limit $1 offset 10").blocks[0]
    assert [(k.term.sql, k.descending, k.nulls_first) for k in block.order] == expected
    assert (block.limit.parameter, block.offset.literal) == (1, "10")


def test_groups_outputs_and_stars():
    """What an index-only scan would need, and what a group by reads."""
    block = shape("select date_trunc('day', a) as d, sum(b) from t where c = 1 group by d").blocks[0]
    assert [t.sql for t in block.group] == ["date_trunc('day', a)"]
    assert [t.sql for t in block.outputs] == ["a", "b"]
    assert block.aggregated
    assert shape("select x.*, y.a from x, y").blocks[0].star == (1,)
    assert shape("select distinct a from t").blocks[0].distinct


def test_writes():
    """Targets, assigned columns and what is read to find the rows."""
    found = shape("update t set x = $1, y = 2 from s where t.id = s.id and s.k = $2")
    assert (found.kind, found.target.name, found.assigned, found.parameters) == ("update", "t", ("x", "y"), 2)
    assert shape("insert into t (a, b) select c, d from s where e = 1").assigned == ("a", "b")
    assert told("delete from t using s where t.a = s.b and t.c = 1") == [("c", "equal", "=", ("1",))]
    merged = shape("merge into t using s on t.a = s.a when matched then update set x = 1")
    assert merged.assigned == ("x",)
    assert merged.blocks[0].joins


def test_a_varchar_seen_as_text_is_the_column():
    """Plans print the relabelling; an index on the column serves it."""
    assert told("select 1 from orders where status::text = 'x'", Shop())[0][0] == "status"
    assert told("select 1 from customers where id::text = 'x'", Shop())[0][0] == "CAST(id AS text)"


def test_conditions_of_a_plan():
    """As EXPLAIN words them, with values from subplans and parameters; what cannot be read is nothing."""
    o, c = Source(1, "public", "orders", "o"), Source(2, "public", "customers", "c")
    predicates, joins = conditions(
        "((o.customer_id = c.id) AND (o.x = ANY ('{1,2}'::integer[])) AND (NOT c.deleted)"
        " AND (o.z > (InitPlan 1).col1))",
        [o, c],
    )
    assert [(p.term.source, p.term.sql, p.test) for p in predicates] == [
        (1, "x", "in"),
        (2, "deleted", "true"),
        (1, "z", "range"),
    ]
    assert [(j.left.source, j.right.source) for j in joins] == [(1, 2)]
    assert conditions("(status = 'x'::text)", [o])[0][0].term.sql == "status"
    assert conditions("(ANY (x = (hashed SubPlan 1).col1))", [o]) == ((), ())


def test_names_that_need_quotes_stay_names():
    """Quotes, blanks, percent signs and keywords in names."""
    block = shape('select "Sel""ect" from "my table" where "user" = 1 and "%s" = 2 order by "Sel""ect"').blocks[0]
    assert [p.term.sql for p in block.predicates] == ['"user"', '"%s"']
    assert block.predicates[1].term.column == "%s"
    assert block.order[0].term.sql == '"Sel""ect"'
    assert block.sources[0].name == "my table"


def test_set_operations_and_recursion():
    """Each arm is a block of its own; a recursive CTE is no table."""
    found = shape(
        "with recursive r as (select id from t where p is null union all select t.id from t join r on t.p = r.id)"
        " select * from r union select 1"
    )
    assert [s.name for s in found.sources] == ["t", "t"]
    with pytest.raises(NotSql):
        shape("select 1; select 2")
