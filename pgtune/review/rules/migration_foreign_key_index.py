"""A foreign key whose own columns have no index."""

from collections.abc import Iterator

from pgtune.model.name import LONGEST_NAME
from pgtune.plans.words import listed
from pgtune.review.keys import foreign, served
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of
from pgtune.sqltext.parse import identifier

RULE = Rule(
    code="migration.foreign-key-index",
    severity="warning",
    title="The columns of a foreign key have no index",
    why="""\
Each row that is deleted from the table that is referred to, or whose key changes, is looked for here: without an index
that reads the whole table, once a row, with the row locked.""",
    remedy="""\
An index that begins with the columns, built CONCURRENTLY before the constraint. None where rows of the other table are
never deleted and the columns are never searched for: say so with a suppression.""",
    wrong="ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
    right="""\
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;""",
    source="documentation, 5.5.5 Foreign Keys",
    known_as=("eugene E15",),
)


@asked_of("CreateStmt", "AlterTableStmt")
def check(step: Step) -> Iterator[Remark]:
    """One remark a table: the foreign keys for which neither production nor the change has an index."""
    table = step.relation
    bare = [each for each in foreign(step) if not served(each[0], table, step.scene, step.indexes.get(table, ()))]
    if not bare:
        return
    new = not step.old(table) or step.kind == "CreateStmt"
    grave = None if new else step.graveness(table)
    if not new and grave is None:
        return
    keys = list(dict.fromkeys(each[0] for each in bare))
    others = listed(list(dict.fromkeys(step.called(step.scene.named(each[1])) for each in bare)))
    yield Remark(
        "warning" if grave in {"error", "warning"} and step.sized(table) else "note",
        f"no index of {step.shown(table)} begins with {listed([', '.join(each) for each in keys])}: whoever "
        f"deletes a row of {others} reads all of it",
        "an index on the columns of the foreign key",
        "\n".join(_index(step, each, new=new) for each in keys),
        step.place(bare[0][2]),
        verified=new or step.sized(table),
    )


def _index(step: Step, columns: tuple[str, ...], *, new: bool) -> str:
    name = "_".join((step.relation.name, *columns, "idx")).encode()[:LONGEST_NAME].decode(errors="ignore")
    words = "CREATE INDEX" if new else "CREATE INDEX CONCURRENTLY"
    return f"{words} {identifier(name)} ON {step.written(step.relation)} ({', '.join(map(identifier, columns))});"
