"""From one statement of a migration to the next: what its transaction holds, which timeouts are set, what is new."""

import re
from collections.abc import Iterable, Iterator, Mapping

from pgtune.model.name import Name
from pgtune.model.trace import Lock
from pgtune.review.scene import MODES, Scene
from pgtune.review.step import Step
from pgtune.sources.project import Migration
from pgtune.sqltext.raw import Node, constant, strings

TIMEOUTS = frozenset({"lock_timeout", "statement_timeout", "transaction_timeout"})
LOCAL = "local "  # before the name of one that ends with its transaction
ENDS = {"TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"}


# Tools that are known to send BEGIN themselves; of the others' files one with a BEGIN of its own is taken at its word.
WRAPPING = frozenset({"alembic", "dbmate", "diesel", "django", "flyway", "goose", "sqlx"})
_BEGIN = re.compile(r"(?:begin|start\s+transaction)\b", re.IGNORECASE)


def begins(migration: Migration, scene: Scene) -> Scene:
    """What holds when a migration begins: the change so far, and a transaction if its tool opens one."""
    own = migration.tool not in WRAPPING and any(_BEGIN.match(each.text) for each in migration.statements)
    began = "tool" if migration.transaction and not own else ""
    return scene._replace(began=began, held={}, timeouts=frozenset(), schema="public")


def after(step: Step) -> Scene:
    """What holds behind the step."""
    reader = READERS.get(step.kind)
    scene = reader(step) if reader else step.scene
    return _with_effect(step, scene)


def _with_effect(step: Step, scene: Scene) -> Scene:
    does = step.does
    more = dict(_stronger(does.locks, scene.held)) if scene.began else {}
    if not (more or does.created or does.dropped):
        return scene
    made = {each for each in does.created if each not in scene.facts.tables or each in scene.dropped}
    gone = frozenset(does.dropped)
    return scene._replace(fresh=(scene.fresh - gone) | made, dropped=scene.dropped | gone, held={**scene.held, **more})


def _stronger(locks: Iterable[Lock], held: Mapping[Name, str]) -> Iterator[tuple[Name, str]]:
    """The tables of which more is locked now than was held, and how."""
    for each in locks:
        if not each.index and MODES.index(each.mode) > MODES.index(held.get(each.table, MODES[0])):
            yield each.table, each.mode


def _transaction(step: Step) -> Scene:
    kind = step.node.get("kind")
    if kind in {"TRANS_STMT_BEGIN", "TRANS_STMT_START"}:
        return step.scene if step.scene.began else step.scene._replace(began="text", held={})
    if kind in ENDS and step.scene.began:
        again = "text" if step.node.get("chain") else ""
        lasting = frozenset(each for each in step.scene.timeouts if not each.startswith(LOCAL))
        return step.scene._replace(began=again, held={}, timeouts=lasting)
    return step.scene


def _index(step: Step) -> Scene:
    """Of an index that the change makes it is known on which table it stands."""
    name = Name(step.relation.schema, str(step.node.get("idxname", "")))
    return step.scene._replace(built={**step.scene.built, name: step.relation})


def _set(step: Step) -> Scene:
    if step.node.get("kind") == "VAR_RESET_ALL":
        return step.scene._replace(timeouts=frozenset(), schema="public")
    name, values = step.node.get("name"), [constant(each) for each in step.node.get("args", ())]
    if name == "search_path" and values and isinstance(values[0], str) and values[0] not in {"", "$user"}:
        return step.scene._replace(schema=values[0])
    if name not in TIMEOUTS:
        return step.scene
    return _timed(step.scene, str(name), values[0] if values else None, local=bool(step.node.get("is_local")))


def _timed(scene: Scene, name: str, value: object, *, local: bool) -> Scene:
    """The timeout set, until the end of the transaction if `local`, or taken back by 0 and by DEFAULT."""
    off = value is None or str(value).strip().rstrip("dhimnsu ") in {"0", ""}
    rest = scene.timeouts - {name, LOCAL + name}
    return scene._replace(timeouts=rest if off else rest | {LOCAL + name if local else name})


def _select(step: Step) -> Scene:
    """SELECT set_config('lock_timeout', '2s', true)."""
    scene = step.scene
    for target in step.node.get("targetList", ()):
        call: Node = target.get("ResTarget", {}).get("val", {}).get("FuncCall", {})
        values = [constant(each) for each in call.get("args", ())]
        if strings(call.get("funcname"))[-1:] != ("set_config",) or len(values) != 3:
            continue
        if values[0] in TIMEOUTS:
            scene = _timed(scene, str(values[0]), values[1], local=bool(values[2]))
        elif values[0] == "search_path" and values[1]:
            scene = scene._replace(schema=str(values[1]).split(",")[0].strip(' "'))
    return scene


def _alter_table(step: Step) -> Scene:
    """A valid check that a column is not null lets SET NOT NULL go without a scan (documentation, ALTER TABLE)."""
    table, proven = step.relation, set(step.scene.proven)
    for each in step.commands:
        if each.subtype == "AT_AddConstraint" and (column := not_null_check(each.definition)):
            waiting = bool(each.definition.get("skip_validation"))
            proven.add((table, f"{each.definition.get('conname', '')}\0{column}" if waiting else column))
        if each.subtype == "AT_ValidateConstraint":
            named = f"{each.name}\0"
            proven |= {(table, item.removeprefix(named)) for of, item in proven if of == table and named in item}
    return step.scene._replace(proven=frozenset(proven)) if proven != step.scene.proven else step.scene


def not_null_check(constraint: Node) -> str:
    """The column of CHECK (column IS NOT NULL), "" for any other constraint."""
    test = constraint.get("raw_expr", {}).get("NullTest", {})
    if constraint.get("contype") == "CONSTR_NOTNULL":
        return next(iter(strings(constraint.get("keys"))), "")
    if constraint.get("contype") != "CONSTR_CHECK" or test.get("nulltesttype") != "IS_NOT_NULL":
        return ""
    return next(iter(strings(test.get("arg", {}).get("ColumnRef", {}).get("fields"))), "")


def _rename(step: Step) -> Scene:
    """A fresh table stays fresh under its new name."""
    if step.node.get("renameType") != "OBJECT_TABLE" or step.relation not in step.scene.fresh:
        return step.scene
    renamed = Name(step.relation.schema, str(step.node.get("newname", "")))
    return step.scene._replace(fresh=(step.scene.fresh - {step.relation}) | {renamed})


READERS = {
    "TransactionStmt": _transaction,
    "VariableSetStmt": _set,
    "IndexStmt": _index,
    "SelectStmt": _select,
    "AlterTableStmt": _alter_table,
    "RenameStmt": _rename,
}
