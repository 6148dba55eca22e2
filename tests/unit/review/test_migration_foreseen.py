"""What is foreseen from a statement's text is what real servers were seen to do with it."""

import pytest

from pgtune.model.design import Name
from pgtune.review.foreseen import foreseen
from pgtune.review.scene import STRONG, Scene
from pgtune.review.step import commands
from pgtune.sqltext.raw import statement
from tests.db.test_trace import CASES, Case
from tests.unit.review.migrating import known, table

FACTS = known(
    table("t", 100, ("a", "integer"), ("b", "integer"), ("v", "character varying(20)"), ("n", "numeric(10,2)")),
    *(table(each, 100) for each in ("owners", "alone", "proven", "parts", "fitting", "parts_1", "kept")),
)
SCENE = Scene(
    FACTS,
    proven=frozenset({(Name("public", "proven"), "a")}),
    built={Name("public", "t_b"): Name("public", "t")},
)
# Emptied and filled anew, which no rule takes for a rewrite; and a CHECK of which the text alone knows nothing.
OTHERWISE = ("TRUNCATE", "REFRESH", "ALTER TABLE parts ATTACH PARTITION fitting")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.statement)
def test_text_foresees_what_was_seen(case: Case) -> None:
    """Strong locks on tables, rewrites, and reads of all rows: as the trace of the same statement on 14 to 18."""
    read = statement(case.statement)
    effect = foreseen(read, SCENE, commands(read))
    strong = {f"{each.table.name} {each.mode}" for each in effect.locks if each.mode in STRONG}
    assert strong == {each for each in case.locks if each.partition(" ")[2] in STRONG and "." not in each}
    if case.statement.startswith(OTHERWISE):
        return
    assert {each.name for each in effect.rewritten} == set(case.rewritten)
    passed = {each.name for each in (*effect.scanned, *effect.rewritten)}
    assert passed == set(case.scanned) | set(case.rewritten)
