"""A function, a cast or a sum around a column hides it from its index."""

from collections.abc import Iterator

from pgtune.indexes.facts import TableFacts
from pgtune.model.design import Index, Key, Name
from pgtune.model.finding import Severity
from pgtune.plans.plan import Plan
from pgtune.plans.words import cost, times
from pgtune.review.asked import Asked
from pgtune.review.lean import CLEARLY
from pgtune.review.proof import few
from pgtune.review.rule import Remark, Rule
from pgtune.snapshot.snapshot import StoredIndex, Table
from pgtune.sqltext.rewrites.sargable import sargable
from pgtune.sqltext.rewrites.tree import Rewrite
from pgtune.sqltext.shape import Predicate

RULE = Rule(
    code="query.unsargable",
    severity="warning",
    title="A condition hides a column from its index",
    why=(
        "An index on a column is in the order of the column's own values. A function, a cast or a sum of it has "
        "another order, so that the index cannot be used and the table is read whole."
    ),
    remedy="The bare column on one side of the comparison; or an index on the expression.",
    wrong="SELECT id FROM orders WHERE placed_at::date = '2026-03-05'",
    right="SELECT id FROM orders WHERE placed_at >= '2026-03-05' AND placed_at < '2026-03-06'",
    source="PostgreSQL documentation 11.7 (Indexes on Expressions), 11.2 (Index Types); the twin's costs",
    known_as=("slowql: non-sargable", "pgrubic: function on a column"),
)
HELP = "compare the bare column, or make an index"
LEAST = 0.01  # of the costs that EXPLAIN shows
COMPARED = frozenset({"equal", "in", "range", "prefix"})


def check(asked: Asked) -> Iterator[Remark]:
    """Each table of which a plain index would serve if the column stood alone, and which is read whole.

    Where there is no such index, it is named with the condition that it would serve.
    """
    found = {name: (predicate, index) for name, predicate, index in _hidden(asked)}
    if not found or (asked.sized and not any(asked.scanned(name) for name in found)):
        return
    rewrite = sargable(asked.text, asked.type_of)
    for name, (predicate, index) in found.items():
        remark = _remark(asked, name, predicate, index, rewrite)
        if remark is not None:
            yield remark


def _hidden(asked: Asked) -> Iterator[tuple[Name, Predicate, StoredIndex | None]]:
    """Conditions over an expression of a column, with the index that it leads, where no other condition has one."""
    for block in asked.shape.blocks:
        for source in block.sources:
            table = asked.table(source)
            own = [each for each in block.predicates if each.term.source == source.number]
            if table is None or any(_serves(table, each) for each in own):
                continue
            for each in own:
                if _hides(table, each):
                    yield table.name, each, _led(table, each.term.columns[0])


def _serves(table: Table, predicate: Predicate) -> bool:
    """True if an index finds the rows of a condition that every row must meet."""
    plain = bool(predicate.term.column) and not predicate.negated and predicate.arm is None
    return plain and predicate.test in COMPARED and _led(table, predicate.term.column) is not None


def _led(table: Table, column: str) -> StoredIndex | None:
    """A B-tree that begins with the column."""
    found = (each for each in table.indexes if each.valid and each.method == "btree" and each.keys[:1])
    return next((each for each in found if _bare(each.keys[0]) == _bare(column)), None)


def _hides(table: Table, predicate: Predicate) -> bool:
    """True if the bare column could be looked up in an index and the expression has none of its own."""
    term = predicate.term
    if term.column or predicate.negated or predicate.test not in COMPARED or len(term.columns) != 1:
        return False
    return not any(_bare(key) == _bare(term.sql) for each in table.indexes for key in each.keys)


def _bare(key: str) -> str:
    """A key without what PostgreSQL adds when it prints it: casts to text, brackets, quotes, blanks."""
    for each in ("::text", "(", ")", '"', " "):
        key = key.replace(each, "")
    return key.lower()


def _remark(
    asked: Asked, name: Name, predicate: Predicate, index: StoredIndex | None, rewrite: Rewrite | None
) -> Remark | None:
    grave = asked.graveness(name)
    if grave is None:
        return None
    severity, known = grave
    if index is None:
        return _bared(asked, name, predicate, rewrite, severity) if rewrite and known else None
    what = f"{predicate.term.sql} hides {predicate.term.columns[0]} from {index.name.name}"
    whole = f"{what}: {asked.shown(name)} is read whole" if known else f"{what} of {asked.shown(name)}"
    if rewrite is None:
        return _unturned(asked, name, predicate, Remark(severity, whole, "", verified=known, about=(name,)))
    if not known:
        return Remark(severity, whole, _helps(rewrite), asked.spelled(rewrite), verified=False, about=(name,))
    gain = _gain(asked, asked.planned(rewrite.text), "rewritten")
    return (
        Remark(severity, f"{whole}; {gain}", _helps(rewrite), asked.spelled(rewrite), about=(name,)) if gain else None
    )


def _bared(asked: Asked, name: Name, predicate: Predicate, rewrite: Rewrite, severity: Severity) -> Remark | None:
    """A column that no index begins with: the bare column and an index on it, tried together."""
    column = predicate.term.columns[0]
    index = Index(name, (Key(column),))
    gain = _gain(asked, asked.planned(rewrite.text, indexes=(index,)), "rewritten and with an index")
    if not gain:
        return None
    whole = f"{predicate.term.sql} hides {column}, of which there is no index: {asked.shown(name)} is read whole"
    fix = f"{asked.spelled(rewrite)};\n{asked.creation(index)}"
    return Remark(severity, f"{whole}; {gain}", _helps(rewrite), fix, about=(name,))


def _helps(rewrite: Rewrite) -> str:
    return f"{rewrite.what}{f'; mind: {rewrite.doubt}' if rewrite.doubt else ''}"


def _gain(asked: Asked, after: Plan | None, how: str) -> str:
    """What is won in words, if it is clear."""
    if after is None or asked.plan is None or after.cost * CLEARLY > asked.plan.cost:
        return ""
    factor = times(asked.plan.cost / max(after.cost, LEAST))
    return f"costs {cost(asked.plan.cost)}, {how} {cost(after.cost)}, {factor} less"


def _unturned(asked: Asked, name: Name, predicate: Predicate, remark: Remark) -> Remark | None:
    """An expression that only an index of its own serves: it is proposed where the planner takes it.

    Nothing is said where the column has so few values that no index on it helps.
    """
    table, term = asked.facts.tables.get(name), predicate.term
    if table is None or (asked.sized and few(TableFacts(table), term.sql)):
        return None
    index = Index(name, (Key(expression=term.sql),))
    plan = asked.planned(asked.text, indexes=(index,))
    if asked.sized and (plan is None or index.name not in plan.indexes):
        return None if plan is not None else remark._replace(help=f"{HELP}; {term.sql} cannot have one")
    statements = f"{asked.creation(index)}\nANALYZE {name.sql};"
    return remark._replace(help=f"{HELP} on ({term.sql})", fix=statements)
