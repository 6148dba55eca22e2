"""Column types that are regretted later: a note, once a migration, with all the columns that it is true of."""

from collections.abc import Callable, Iterator

from pgtune.plans.words import listed
from pgtune.review.columns import SERIALS, column_constraints
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Check, Defined, Step, asked_of
from pgtune.sqltext.raw import inner, strings

Test = Callable[[Step, Defined], bool]

NARROW_SERIALS = SERIALS - {"bigserial", "serial8"}
COUNTED = {"integer", "smallint"}


def _rule(code: str, title: str, why: str, remedy: str, column: str, instead: str, source: str, *names: str) -> Rule:  # noqa: PLR0913,PLR0917  (a rule's words)
    return Rule(
        f"type.{code}", "note", title, why, remedy, f"CREATE TABLE samples ({column});",
        f"CREATE TABLE samples ({instead});", source, names, once=True,
    )  # fmt: skip


JSON = _rule(
    "json", "A column of type json",
    """\
json keeps the text as it came: it has no equality, so SELECT DISTINCT, GROUP BY and UNION over the table fail, no index
serves it, and each access parses it anew.""",
    "jsonb, unless the very text, its blanks and the order of its keys must be kept.",
    "data json", "data jsonb", "documentation, 8.14 JSON Types",
    "eugene E3", "strong_migrations adding a json column", "pgrubic TP008",
)  # fmt: skip

CHAR = _rule(
    "char", "A column of type char(n)",
    """\
char(n) is padded with blanks to its length, stored so and compared without them, and is not faster. The limit of a
varchar is cheap to lift later, by a change of the catalog alone; varchar is not reported.""",
    "text, with CHECK (length(c) <= n) where there is a limit.",
    "code char(10)", "code text", "documentation, 8.3 Character Types",
    "squawk ban-char-field", "squawk prefer-text-field", "pgrubic TP004", "pgrubic TP005",
)  # fmt: skip

SERIAL = _rule(
    "serial", "A column of type serial",
    """\
serial is a default and a sequence of its own: the sequence needs its own GRANT, and an INSERT with a value of its own
leaves it behind, so that a later one collides.""",
    "GENERATED ALWAYS AS IDENTITY, which is one with its column.",
    "n bigserial", "n bigint GENERATED ALWAYS AS IDENTITY", "documentation, 5.3 Identity Columns; 8.1.4",
    "squawk prefer-identity", "pgrubic TP007",
)  # fmt: skip

NARROW = _rule(
    "narrow-key", "A key of type integer ends at 2,147,483,647",
    """\
Rolled back inserts use up values too, and the change to bigint later rewrites the table, its indexes, and those of
every table that refers to it. The four bytes saved are lost to alignment in most tables.""",
    "bigint for keys that a sequence fills.",
    "id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "documentation, 8.1.1 Integer Types",
    "squawk prefer-bigint-over-int", "squawk prefer-bigint-over-smallint", "pgrubic TP009", "pgrubic TP010",
)  # fmt: skip

TIMESTAMP = _rule(
    "timestamp", "A moment without a time zone",
    """\
timestamp holds what a clock on the wall showed, not a moment: two sessions with different TimeZone write different
moments as the same value, and one hour of each autumn happens twice.""",
    "timestamp with time zone, which takes the same eight bytes.",
    "at timestamp", "at timestamptz", "documentation, 8.5.1.3 Time Stamps",
    "squawk prefer-timestamp-tz", "pgrubic TP001",
)  # fmt: skip

MONEY = _rule(
    "money", "A column of type money",
    """\
Its currency and its digits are those of the session's lc_monetary: a dump that is restored elsewhere means other
amounts.""",
    "numeric, with the currency in a column of its own.",
    "price money", "price numeric(12,2)", "documentation, 8.2 Monetary Types",
    "pgrubic TP006",
)  # fmt: skip

ENUM = Rule(
    code="type.enum",
    severity="note",
    title="An enum's values can be added and renamed, never removed",
    why="""\
Whoever must take a value out builds a new type and rewrites every table that uses it. A value that is added without
BEFORE or AFTER sorts last.""",
    remedy="A table of the values with a foreign key, or text with a CHECK, where values will come and go.",
    wrong="CREATE TYPE mood AS ENUM ('sad', 'ok');",
    right="CREATE TABLE moods (name text PRIMARY KEY);",
    source="documentation, 8.7 Enumerated Types; ALTER TYPE",
    known_as=("squawk require-enum-value-ordering", "eugene W13", "pgrubic GN006"),
    once=True,
)


def _is(*types: str) -> Test:
    wanted = frozenset(types)
    return lambda _, column: column.base in wanted


def _timestamp(_: Step, column: Defined) -> bool:
    return column.base.startswith("timestamp") and "without time zone" in column.type


def _narrow(step: Step, column: Defined) -> bool:
    """An integer that a sequence fills and that is the primary key by itself."""
    if column.base not in COUNTED and column.base not in NARROW_SERIALS:
        return False
    kinds = {each.get("contype") for each in column_constraints(column.node)}
    counted = column.base in NARROW_SERIALS or "CONSTR_IDENTITY" in kinds
    return counted and ("CONSTR_PRIMARY" in kinds or (column.name,) == _key(step))


def _key(step: Step) -> tuple[str, ...]:
    """The columns of the primary key, where it is a constraint of the table."""
    for element in step.node.get("tableElts", ()):
        kind, fields = inner(element)
        if kind == "Constraint" and fields.get("contype") == "CONSTR_PRIMARY":
            return strings(fields.get("keys"))
    return ()


def _noted(test: Test, words: str, help_: str) -> Check:
    """A check that names, at the first column of which the test is true, all of the migration's."""

    @asked_of("CreateStmt", "AlterTableStmt")
    def check(step: Step) -> Iterator[Remark]:
        first = next((each for each in step.columns if test(step, each)), None)
        if first is None:
            return
        found = [
            f"{each.called(each.relation)}.{column.name}"
            for each in (step, *step.later) for column in each.columns if test(each, column)
        ]  # fmt: skip
        more = [*found[:4], f"{len(found) - 4} more"] if len(found) > 5 else found
        yield Remark("note", f"{listed(more)} {words}", help_, at=step.place(int(first.node.get("location", 0))))

    return check


@asked_of("CreateEnumStmt")
def enum(step: Step) -> Iterator[Remark]:
    """CREATE TYPE ... AS ENUM."""
    if step.kind == "CreateEnumStmt":
        name = ".".join(strings(step.node.get("typeName")))
        yield Remark(
            "note", f"values of {name} can be added, never removed", "a table of values where they come and go"
        )


RULES = (
    (JSON, _noted(_is("json"), "of type json: no equality, no index, parsed at each access", "jsonb")),
    (
        CHAR,
        _noted(_is("character"), "of type char(n): padded with blanks", "text, with a CHECK where there is a limit"),
    ),
    (NARROW, _noted(_narrow, "ends at 2,147,483,647 or before", "bigint")),
    (SERIAL, _noted(_is(*SERIALS), "of type serial", "GENERATED ALWAYS AS IDENTITY")),
    (TIMESTAMP, _noted(_timestamp, "without a time zone: no moment", "timestamp with time zone")),
    (MONEY, _noted(_is("money"), "of type money: means what lc_monetary says", "numeric")),
    (ENUM, enum),
)
