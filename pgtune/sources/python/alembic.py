"""Migrations of Alembic, read and never run: operations whose arguments stand there become the SQL that they send."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgtune.model.finding import Skipped
from pgtune.sources.project import Sql
from pgtune.sources.python.operations import TABLE_AT, rendered
from pgtune.sources.python.syntax import Source, said
from pgtune.sources.python.values import Call, Unsure, called, value
from pgtune.sources.statements import Found, joined, statements

RENDER = "what it does is known only when it runs: review the SQL that `alembic upgrade --sql` writes"


@dataclass(frozen=True, slots=True)
class Revision:
    """A migration's name and those it follows."""

    name: str
    after: tuple[str, ...]


def revision(source: Source) -> Revision | None:
    """The revision that a module is, None if it is none."""
    said_ = dict(pair for each in source.tree.body for pair in assigned(each))
    if "revision" not in said_ or "down_revision" not in said_:
        return None
    try:
        name, after = value(said_["revision"]), value(said_["down_revision"])
    except Unsure:
        return None
    parents = after if isinstance(after, (tuple, list)) else (after,) if after else ()
    return Revision(str(name), tuple(str(each) for each in parents))


def assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The name that a statement gives, and to what."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value


def direction(source: Source, path: str, function: str) -> Found | None:
    """What `upgrade` or `downgrade` does; None if the module has no such function."""
    found = next(
        (each for each in source.tree.body if isinstance(each, ast.FunctionDef) and each.name == function), None
    )
    if found is None:
        return None
    reader = _Reader(source, path)
    return joined(reader.read(each) for each in found.body)


class _Reader:
    """Reads the statements of a function."""

    def __init__(self, source: Source, path: str) -> None:
        self._source, self._path = source, path

    def read(self, node: ast.stmt) -> Found:
        """What a statement does."""
        if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return Found()
        try:
            if isinstance(node, ast.With):
                return self._with(node)
            if isinstance(node, ast.Expr) and (call := called(node.value)):
                return self._call(call, node)
        except Unsure as why:
            return self._lost(node, f"{why}: {RENDER}")
        return self._lost(node, RENDER)

    def _lost(self, node: ast.stmt, why: str) -> Found:
        return Found((), (Skipped(self._path, node.lineno, why),))

    def _sql(self, text: str, node: ast.stmt) -> Sql:
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        return Sql(text, self._path, node.lineno, lines, "migration")

    def _call(self, call: Call, node: ast.stmt, table: ast.expr | None = None) -> Found:
        if call.name == "execute" and call.dotted in {"op.execute", "batch_op.execute"}:
            return self._execute(call)
        if table is not None:
            place = TABLE_AT.get(call.name, 0)
            call = replace(call, args=(*call.args[:place], table, *call.args[place:]))
        elif not call.dotted.startswith("op."):
            raise Unsure(f"{call.dotted}()")
        return Found(tuple(self._sql(each, node) for each in rendered(call)))

    def _execute(self, call: Call) -> Found:
        """A literal, on its own lines; placeholders of the driver are none here, `:` stands behind a backslash."""
        node = call.arg(0, "sqltext")
        inner = called(node)
        if inner and inner.name == "text" and len(inner.args) == 1:
            node = inner.args[0]
        if not isinstance(node, ast.expr) or not isinstance(value(node), str):
            raise Unsure("op.execute(...)")
        read = statements(said(self._source, node).replace("\\:", ":"), self._path, "migration", native=True)
        first = node.lineno - 1
        moved = tuple(each._replace(line=first + each.line) for each in read.statements)
        return Found(moved, tuple(replace(each, line=first + each.line) for each in read.skipped))

    def _with(self, node: ast.With) -> Found:
        call = called(node.items[0].context_expr) if len(node.items) == 1 else None
        if call and call.name == "autocommit_block":
            commit = self._sql("COMMIT", node)._replace(by_tool=True)
            begin = self._sql("BEGIN", node)._replace(by_tool=True, lines=1, line=node.end_lineno or node.lineno)
            return joined([Found((commit,)), *(self.read(each) for each in node.body), Found((begin,))])
        if call and call.name == "batch_alter_table" and call.args:
            return joined([self._batch(each, call) for each in node.body])
        raise Unsure("with ...")

    def _batch(self, node: ast.stmt, batch: Call) -> Found:
        if isinstance(node, ast.Pass):
            return Found()
        call = called(node.value) if isinstance(node, ast.Expr) else None
        if call is None:
            return self._lost(node, RENDER)
        try:
            schema = {"schema": batch.named["schema"]} if "schema" in batch.named else {}
            return self._call(replace(call, named={**call.named, **schema}), node, batch.args[0])
        except Unsure as why:
            return self._lost(node, f"{why}: {RENDER}")
