"""Domains, values of enums, row security, and migrations that cannot be run again."""

from collections.abc import Iterator

from pgtune.review.rule import Remark, Rule
from pgtune.review.scenes import ENDS
from pgtune.review.step import Step, asked_of
from pgtune.sqltext.raw import inner, strings

DOMAIN = Rule(
    code="migration.domain",
    severity="warning",
    title="A domain's new constraint reads every table that uses it",
    why="""\
ALTER DOMAIN ... ADD CONSTRAINT tests each row of every table with a column of the domain, and holds SHARE on all of
them until the transaction ends: their writers wait.""",
    remedy="""\
NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own; or a CHECK on the table that needs it, which is easier
to change than a domain's.""",
    wrong="ALTER DOMAIN amount ADD CONSTRAINT amount_check CHECK (VALUE >= 0);",
    right="ALTER DOMAIN amount ADD CONSTRAINT amount_check CHECK (VALUE >= 0) NOT VALID;",
    source="documentation, ALTER DOMAIN, Notes",
    known_as=("squawk ban-alter-domain-with-add-constraint", "squawk ban-create-domain-with-constraint"),
)

VALUE = Rule(
    code="migration.enum-value",
    severity="error",
    title="A new value of an enum is used in the transaction that adds it",
    why="""\
PostgreSQL refuses it ("unsafe use of new value"): the value may be used when the transaction that added it has
committed. The migration fails.""",
    remedy="The new value in a migration of its own, before the one that uses it.",
    wrong="""\
BEGIN;
ALTER TYPE mood ADD VALUE 'great';
UPDATE people SET mood = 'great' WHERE id = 1;
COMMIT;""",
    right="""\
ALTER TYPE mood ADD VALUE 'great';
UPDATE people SET mood = 'great' WHERE id = 1;""",
    source="documentation, ALTER TYPE, Notes",
)

SECURITY = Rule(
    code="migration.row-security",
    severity="warning",
    title="Row security is switched on and no policy lets anybody through",
    why="""\
Without a policy every role but the owner sees no row and may write none: clients that do not connect as the owner find
the table empty from this moment.""",
    remedy="CREATE POLICY first, in the same transaction or before it.",
    wrong="ALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
    right="""\
CREATE POLICY own ON orders USING (tenant = current_user);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;""",
    source="documentation, 5.9 Row Security Policies",
)

AGAIN = Rule(
    code="migration.not-repeatable",
    severity="note",
    title="A migration outside a transaction cannot be run again after it failed halfway",
    why="""\
What succeeded before the failure stays. The next run fails at the first statement whose object is there already.""",
    remedy="""\
One statement a migration, or IF NOT EXISTS and IF EXISTS. Not for CREATE INDEX CONCURRENTLY, whose failed build leaves
an invalid index that IF NOT EXISTS would take for the real one: drop that first.""",
    wrong="""\
CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);
ALTER TABLE orders ADD COLUMN note text;""",
    right="""\
CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);
ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;""",
    source="documentation, CREATE INDEX, Building Indexes Concurrently",
    known_as=("squawk prefer-robust-stmts",),
    once=True,
)


@asked_of("AlterDomainStmt")
def domain(step: Step) -> Iterator[Remark]:
    """ALTER DOMAIN ... ADD CONSTRAINT that is tested at once; an error only where a big table was seen to be read."""
    fields = inner(step.node.get("def", {}))[1]
    if step.node.get("subtype") not in {"C", "O"} or fields.get("skip_validation"):
        return
    name = ".".join(strings(step.node.get("typeName")))
    made = (each.node["domainname"] for each in step.before if each.kind == "CreateDomainStmt")
    if any(".".join(strings(each)) == name for each in made):
        return
    read = [each for each in step.does.scanned if step.old(each)] if step.traced else []
    graves = [grave for each in read if (grave := step.graveness(each))]
    if step.traced and not graves:
        return
    on = ", ".join(map(step.shown, read)) or "every table that uses it"
    yield Remark(
        "error" if "error" in graves else "warning",
        f"the new constraint of {name} is tested on {on} while writers wait{step.aside}",
        "NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own", verified=bool(graves),
    )  # fmt: skip


@asked_of("AlterEnumStmt")
def value(step: Step) -> Iterator[Remark]:
    """ALTER TYPE ... ADD VALUE, and the value in a later statement of the same transaction."""
    if step.node.get("oldVal") or not step.scene.began:
        return
    new = str(step.node.get("newVal", ""))
    literal = "'" + new.replace("'", "''") + "'"
    for each in step.later:
        if each.kind == "TransactionStmt" and each.node.get("kind") in ENDS:
            return
        # A function's body is read when it is called; what went through on the twin goes through in production.
        silent = each.traced or each.kind in {"AlterEnumStmt", "CreateFunctionStmt"}
        if not silent and literal in each.sql.text:
            yield Remark(
                "error", f"{literal} is used in line {each.sql.line}, in the transaction that adds it: this fails",
                "the new value in a migration of its own, before",
            )  # fmt: skip
            return


@asked_of("AlterTableStmt")
def security(step: Step) -> Iterator[Remark]:
    """ENABLE ROW LEVEL SECURITY on a table that was there before, and no policy in the migration."""
    for _ in step.of("AT_EnableRowSecurity"):
        table = step.relation
        made = (each for each in step.beside if each.kind == "CreatePolicyStmt")
        if not any(each.scene.named(each.node["table"]) == table for each in made):
            yield Remark(
                "warning", f"{step.called(table)} gets row security and no policy: all but its owner find it empty",
                "CREATE POLICY before it, in the same transaction", verified=False,
            )  # fmt: skip


@asked_of("CreateStmt", "IndexStmt", "DropStmt", "AlterTableStmt")
def again(step: Step) -> Iterator[Remark]:
    """The first statement behind another one, outside a transaction, that would fail the second time."""
    if step.scene.began or not step.number or step.migration.tool in {"structure", "plain"}:
        return
    if not any(each.does.locks or each.does.created for each in step.before) or not _fails_again(step):
        return
    yield Remark(
        "note", "this is no transaction: if it fails halfway, the next run fails here at what is there already",
        "one statement a migration, or IF NOT EXISTS and IF EXISTS",
    )  # fmt: skip


def _fails_again(step: Step) -> bool:
    if step.kind in {"CreateStmt", "IndexStmt"}:
        return not step.node.get("if_not_exists") and not step.node.get("concurrent")
    if step.kind == "DropStmt":
        return not step.node.get("missing_ok")
    found = {"AT_AddColumn", "AT_DropColumn", "AT_AddConstraint", "AT_DropConstraint"}
    return any(each.subtype in found and not each.spared for each in step.commands)


RULES = ((DOMAIN, domain), (VALUE, value), (SECURITY, security), (AGAIN, again))
