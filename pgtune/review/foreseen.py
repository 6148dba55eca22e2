"""What a statement will do to tables by its text alone: the locks and scans of PostgreSQL 14 to 18 as measured there.

The locks of ALTER TABLE are those of its strongest command (documentation, ALTER TABLE, Description); a rewrite and a
scan are named only where the text and the known column types leave no doubt, or `doubtful` says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pgtune.model.name import Name
from pgtune.model.trace import Effect, Lock
from pgtune.review.columns import bare, constraints, rewrites_for, table_constraints
from pgtune.review.retype import retyped
from pgtune.review.scene import MODES, Scene
from pgtune.review.step import Command
from pgtune.sqltext.raw import Node, Statement, inner, strings

AE, SRE, SUE, SHARE, EXCLUSIVE = MODES[7], MODES[5], MODES[3], MODES[4], MODES[6]
ROW = MODES[2]

# Commands of ALTER TABLE that take less than ACCESS EXCLUSIVE (AlterTableGetLockLevel in tablecmds.c).
WEAKER = {
    "AT_SetStatistics": SUE, "AT_ClusterOn": SUE, "AT_DropCluster": SUE, "AT_SetOptions": SUE, "AT_ResetOptions": SUE,
    "AT_ValidateConstraint": SUE, "AT_AttachPartition": SUE, "AT_SetRelOptions": SUE, "AT_ResetRelOptions": SUE,
    "AT_EnableTrig": SRE, "AT_EnableAlwaysTrig": SRE, "AT_EnableReplicaTrig": SRE, "AT_EnableTrigAll": SRE,
    "AT_EnableTrigUser": SRE, "AT_DisableTrig": SRE, "AT_DisableTrigAll": SRE, "AT_DisableTrigUser": SRE,
}  # fmt: skip
REWRITING = {"AT_SetLogged", "AT_SetUnLogged", "AT_SetTableSpace", "AT_SetAccessMethod"}

NOTHING = Effect("unverified")


def foreseen(statement: Statement, scene: Scene, altered: Sequence[Command] = ()) -> Effect:
    """What the text lets foresee: locks, rewrites, scans and indexes on tables that were there before.

    `altered` are the commands of an ALTER TABLE.
    """
    if statement.kind == "AlterTableStmt":
        return _without_new(_alter_table(statement, scene, altered), scene)
    reader = READERS.get(statement.kind)
    return _without_new(reader(statement, scene), scene) if reader else NOTHING


def _without_new(effect: Effect, scene: Scene) -> Effect:
    if not scene.fresh:
        return effect
    return Effect(
        effect.status,
        locks=tuple(each for each in effect.locks if scene.old(each.table)),
        rewritten=tuple(filter(scene.old, effect.rewritten)),
        scanned=tuple(filter(scene.old, effect.scanned)),
        built=tuple(each for each in effect.built if scene.old(each[1])),
        created=effect.created,
        dropped=effect.dropped,
    )


def _effect(
    locks: Iterable[tuple[Name, str]] = (), *, rewritten: Iterable[Name] = (), scanned: Iterable[Name] = (),
    built: Iterable[tuple[Name, Name]] = (), created: Iterable[Name] = (), dropped: Iterable[Name] = (),
) -> Effect:  # fmt: skip
    found = tuple(Lock(table, mode) for table, mode in dict.fromkeys(locks))
    return Effect(
        "unverified", "", found, tuple(dict.fromkeys(rewritten)), tuple(dict.fromkeys(scanned)), tuple(built),
        tuple(created), tuple(dropped),
    )  # fmt: skip


# -- ALTER TABLE -------------------------------------------------------------------------------------------------------


def _alter_table(statement: Statement, scene: Scene, found: Sequence[Command]) -> Effect:
    if statement.node.get("objtype") not in {"OBJECT_TABLE", "OBJECT_MATVIEW"}:
        return _effect()
    table = scene.named(statement.node["relation"])
    own = max((_lock_of(each) for each in found), key=MODES.index, default=AE)
    locks = [(table, own), *(lock for each in found for lock in _other_locks(each, scene))]
    rewritten = [table] if any(_rewrites(each, table, scene) for each in found) else []
    scanned = [table] if any(_scans(each, table, scene) for each in found) else []
    parts = [_partition(each, scene) for each in found if each.subtype == "AT_AttachPartition"]
    built = [(_built(each), table) for each in found if _builds(each)]
    return _effect(locks, rewritten=rewritten, scanned=[*scanned, *parts], built=built)


def _lock_of(command: Command) -> str:
    if command.subtype == "AT_AddConstraint" and command.definition.get("contype") == "CONSTR_FOREIGN":
        return SRE
    if command.subtype == "AT_DetachPartition" and command.definition.get("concurrent"):
        return SUE
    return WEAKER.get(command.subtype, AE)


def _other_locks(command: Command, scene: Scene) -> Iterator[tuple[Name, str]]:
    """Locks on tables that the command names besides its own."""
    for constraint in constraints(command):
        if constraint.get("contype") == "CONSTR_FOREIGN" and "pktable" in constraint:
            yield scene.named(constraint["pktable"]), SRE
    if command.subtype in {"AT_AttachPartition", "AT_DetachPartition"}:
        yield _partition(command, scene), AE


def _partition(command: Command, scene: Scene) -> Name:
    return scene.named(command.definition.get("name", {}))


def _rewrites(command: Command, table: Name, scene: Scene) -> bool:
    if command.subtype == "AT_AlterColumnType":
        return retyped(command, table, scene).rewrites is True
    return command.subtype in REWRITING or bool(rewrites_for(command))


def _scans(command: Command, table: Name, scene: Scene) -> bool:
    if command.subtype == "AT_SetNotNull":
        return (table, command.name) not in scene.proven
    if command.subtype == "AT_ValidateConstraint":
        return True
    if command.subtype == "AT_AddConstraint" and command.definition.get("contype") == "CONSTR_NOTNULL":
        return not command.definition.get("skip_validation")
    if command.subtype in {"AT_AddConstraint", "AT_AddColumn"}:
        return any(_checks(each, new=bare(command)) for each in constraints(command))
    return False


def _checks(constraint: Node, *, new: bool) -> bool:
    kind = constraint.get("contype")
    if kind in {"CONSTR_CHECK", "CONSTR_FOREIGN"}:
        return not constraint.get("skip_validation") and not (new and kind == "CONSTR_FOREIGN")
    return kind in {"CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION"} and not constraint.get("indexname")


def _builds(command: Command) -> bool:
    unique = {"CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION"}
    return any(each.get("contype") in unique and not each.get("indexname") for each in constraints(command))


def _built(command: Command) -> Name:
    return Name("", str(command.definition.get("conname", "")))


# -- other statements --------------------------------------------------------------------------------------------------


def _create_index(statement: Statement, scene: Scene) -> Effect:
    table = scene.named(statement.node["relation"])
    index = Name(table.schema, str(statement.node.get("idxname", "")))
    mode = SUE if statement.node.get("concurrent") else SHARE
    return _effect([(table, mode)], scanned=[table], built=[(index, table)])


def _create_table(statement: Statement, scene: Scene) -> Effect:
    table = scene.named(statement.node["relation"])
    locks = [(scene.named(parent["RangeVar"]), AE if "partbound" in statement.node else SUE)
             for parent in statement.node.get("inhRelations", ())]  # fmt: skip
    keys = (each for each in table_constraints(statement.node) if "pktable" in each)
    locks += [(scene.named(each["pktable"]), SRE) for each in keys]
    return _effect([each for each in locks if each[0] != table], created=[table])


def _create_as(statement: Statement, scene: Scene) -> Effect:
    into = statement.node.get("into", {})
    return _effect(created=[scene.named(into["rel"])] if "rel" in into else [])


def _select(statement: Statement, scene: Scene) -> Effect:
    into = statement.node.get("intoClause", {})
    return _effect(created=[scene.named(into["rel"])] if "rel" in into else [])


def _create_view(statement: Statement, scene: Scene) -> Effect:
    return _effect(created=[scene.named(statement.node["view"])])


def _drop(statement: Statement, scene: Scene) -> Effect:
    kind, names = statement.node.get("removeType"), [*map(strings, ([each] for each in statement.node["objects"]))]
    if kind in {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW"}:
        tables = [scene.resolve(*_qualified(each)) for each in names]
        return _effect(((each, AE) for each in tables), dropped=tables)
    if kind == "OBJECT_INDEX":
        mode = SUE if statement.node.get("concurrent") else AE
        tables = [table for each in names if (table := scene.of_index(*_qualified(each)))]
        return _effect((each, mode) for each in tables)
    if kind in {"OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"}:
        return _effect((scene.resolve(*_qualified(each[:-1])), AE) for each in names if len(each) > 1)
    return _effect()


def _qualified(parts: tuple[str, ...]) -> tuple[str, str]:
    return ("", parts[0]) if len(parts) == 1 else (parts[-2], parts[-1])


def _reindex(statement: Statement, scene: Scene) -> Effect:
    node = statement.node
    concurrent = any(each["DefElem"].get("defname") == "concurrently" for each in node.get("params", ()))
    if "relation" not in node:
        return _effect()
    table: Name | None = scene.named(node["relation"])
    if node.get("kind") == "REINDEX_OBJECT_INDEX":
        table = scene.of_index(node["relation"].get("schemaname", ""), node["relation"]["relname"])
    return _effect([(table, SUE if concurrent else SHARE)], scanned=[table]) if table else _effect()


def _whole(key: str, mode: str) -> Callable[[Statement, Scene], Effect]:
    """A statement that gives the relation under `key` a new file."""

    def read(statement: Statement, scene: Scene) -> Effect:
        tables = [scene.named(statement.node[key])] if key in statement.node else []
        return _effect(((each, mode) for each in tables), rewritten=tables)

    return read


def _refresh(statement: Statement, scene: Scene) -> Effect:
    view = scene.named(statement.node["relation"])
    return _effect([(view, EXCLUSIVE if statement.node.get("concurrent") else AE)])


def _vacuum(statement: Statement, scene: Scene) -> Effect:
    options = {each["DefElem"].get("defname") for each in statement.node.get("options", ())}
    if "full" not in options:
        return _effect()
    found = (each["VacuumRelation"] for each in statement.node.get("rels", ()))
    tables = [scene.named(each["relation"]) for each in found if "relation" in each]
    return _effect(((each, AE) for each in tables), rewritten=tables)


def _truncate(statement: Statement, scene: Scene) -> Effect:
    return _effect((scene.named(inner(each)[1]), AE) for each in statement.node.get("relations", ()))


def _locking(key: str, mode: str) -> Callable[[Statement, Scene], Effect]:
    """A statement that locks the relation under `key`, and no more."""

    def read(statement: Statement, scene: Scene) -> Effect:
        return _effect([(scene.named(statement.node[key]), mode)] if key in statement.node else ())

    return read


def _rename(statement: Statement, scene: Scene) -> Effect:
    """ALTER INDEX ... RENAME locks the index alone, and nobody waits for it (documentation, ALTER INDEX)."""
    if statement.node.get("renameType") == "OBJECT_INDEX":
        return NOTHING
    return _locking("relation", AE)(statement, scene)


def _lock_table(statement: Statement, scene: Scene) -> Effect:
    mode = MODES[int(statement.node.get("mode", 8)) - 1]  # lockdefs.h numbers them from 1 on
    return _effect((scene.named(inner(each)[1]), mode) for each in statement.node.get("relations", ()))


READERS: dict[str, Callable[[Statement, Scene], Effect]] = {
    "IndexStmt": _create_index,
    "CreateStmt": _create_table,
    "CreateTableAsStmt": _create_as,
    "SelectStmt": _select,
    "ViewStmt": _create_view,
    "DropStmt": _drop,
    "ReindexStmt": _reindex,
    "RefreshMatViewStmt": _refresh,
    "ClusterStmt": _whole("relation", AE),
    "VacuumStmt": _vacuum,
    "TruncateStmt": _truncate,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _locking("relation", AE),
    "CreateTrigStmt": _locking("relation", SRE),
    "CreatePolicyStmt": _locking("table", AE),
    "RuleStmt": _locking("relation", AE),
    "LockStmt": _lock_table,
    "UpdateStmt": _locking("relation", ROW),
    "DeleteStmt": _locking("relation", ROW),
    "InsertStmt": _locking("relation", ROW),
}
