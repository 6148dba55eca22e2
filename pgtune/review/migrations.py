"""What is said of a change's migrations: each statement with its circumstances, every migration rule asked of it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from pgtune.model.each import Each
from pgtune.model.errors import NotSql
from pgtune.model.name import Name
from pgtune.model.trace import Effect, Trace
from pgtune.plans.facts import Facts
from pgtune.review.foreseen import foreseen
from pgtune.review.keys import made
from pgtune.review.rule import Remark, Rule
from pgtune.review.rules.migration import by_kind
from pgtune.review.scene import Scene
from pgtune.review.scenes import after, begins
from pgtune.review.step import Step, commands, defined
from pgtune.sources.project import Migration, Sql
from pgtune.sqltext.raw import NOTHING, Statement, statement

NO_TABLE: dict[str, str] = {}
Indexes = defaultdict[Name, list[tuple[str, ...]]]

_WORD = re.compile(r"[A-Za-z]+")
_SPEAKING = re.compile(r"set_config|\binto\b", re.IGNORECASE)
# Of waiting for a lock is spoken once a migration, and not where the statement must become another one anyway.
WAITING = "migration.lock-timeout"
WAITS = frozenset({WAITING, "migration.references", "migration.trigger"})
# Queries: of interest only where they set something or make a table.
ASKING = frozenset({"select", "with", "values", "table"})
# What no migration rule speaks of, told by its first word: a dump's thousands of INSERTs are not read.
SILENT = frozenset({"comment", "grant", "revoke", "insert", "copy", "explain", "notify", "analyze", "analyse"})


def findings(
    migrations: Sequence[Migration],
    traces: Sequence[Trace | None] = (),
    facts: Facts | None = None,
    *,
    together: bool = True,
    each: Each = map,
) -> Iterator[tuple[Sql, Rule, Remark]]:
    """Every remark on the migrations of a change, in the order of their statements.

    `traces` has one for each migration, None where it was not traced; `facts` are production's before the change.
    `together`: the migrations go out as one, so what the first makes is new to the last; else each stands alone, as
    where a whole history is looked at, and `each` asks for one at a time.
    """
    of = [(made, traces[number] if number < len(traces) else None) for number, made in enumerate(migrations)]
    changes = [of] if together else [[one] for one in of]
    for said in each(partial(_of_change, Scene(facts or Facts())), changes):
        yield from said


def _of_change(scene: Scene, change: Sequence[tuple[Migration, Trace | None]]) -> list[tuple[Sql, Rule, Remark]]:
    """What is said of migrations that go out as one."""
    found: list[tuple[Sql, Rule, Remark]] = []
    indexes: Indexes = defaultdict(list)
    done: list[list[Step]] = []
    for migration, trace in change:
        if done and done[-1]:
            scene = after(done[-1][-1])
        done.append(steps(migration, trace, scene, indexes))
    for each in done:
        found += _remarks(each)
        each.clear()  # steps know each other: without this they would stay until somebody looks for cycles
    return found


def steps(
    migration: Migration, trace: Trace | None = None, scene: Scene | None = None, indexes: Indexes | None = None
) -> list[Step]:
    """The migration's statements, each with what it does and with what holds when it begins.

    `indexes` collects those that are made, over all migrations of the change.
    """
    scene = begins(migration, scene or Scene())
    kept: Indexes = defaultdict(list) if indexes is None else indexes
    found: list[Step] = []
    effects = trace.effects if trace and len(trace.effects) == len(migration.statements) else ()
    for number, sql in enumerate(migration.statements):
        scene = after(found[-1]) if found else scene
        effect = effects[number] if effects else None
        step = _step(sql, migration, scene, effect, found, kept)
        found.append(step)
        for table, columns in made(step):
            kept[table].append(columns)
    return found


def _step(
    sql: Sql, migration: Migration, scene: Scene, effect: Effect | None, beside: Sequence[Step], indexes: Indexes,
) -> Step:  # fmt: skip
    read = _read(sql)
    traced = effect is not None and effect.status in {"applied", "planned"}
    altered = commands(read)
    does = effect if traced and effect is not None else foreseen(read, scene, altered)
    relation = scene.named(read.node.get("relation", NO_TABLE))
    return Step(
        sql, read.kind, read.node, relation, migration, scene, does, traced, altered, defined(read, altered),
        len(beside), beside, indexes,
    )  # fmt: skip


def _read(sql: Sql) -> Statement:
    """The statement as far as a rule looks at it."""
    word = _WORD.match(sql.text)
    first = word[0].lower() if word else ""
    if sql.dynamic or first in SILENT or (first in ASKING and not _SPEAKING.search(sql.text)):
        return NOTHING
    try:
        return statement(sql.text)
    except NotSql:
        return NOTHING


def _remarks(made: Sequence[Step]) -> Iterator[tuple[Sql, Rule, Remark]]:
    """What the rules say of each step; a rule that speaks once a migration is not asked again."""
    said: set[str] = set()
    for step in made:
        grave = False
        for rule, check in by_kind(step.kind):
            voice = WAITING if rule.code in WAITS else rule.code
            if rule.once and (voice in said or (grave and voice == WAITING)):
                continue
            for remark in check(step):
                said.add(voice)
                grave = grave or remark.severity != "note"
                yield step.sql, rule, remark
                if rule.once:
                    break
