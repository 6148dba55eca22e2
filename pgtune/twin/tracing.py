"""Apply a migration on a twin whose files are empty, and say of each statement what it did.

Each statement runs in the transaction that it would have in production: the one that its tool opens, the script's own,
or one of its own. Around each stands a savepoint, so that one that fails takes none of the others along.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import psycopg
from pglast.enums import TransactionStmtKind as Kind

from pgtune.model.design import Name, quoted
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.model.trace import Effect, Lock, Script, Status, Trace
from pgtune.sqltext.parse import looked_at
from pgtune.twin.tracing_effects import EXISTS, Ledger
from pgtune.twin.tracing_kinds import Treatment, treatment
from pgtune.twin.tracing_privileged import Privileged
from pgtune.twin.tracing_watch import Sight, Watch

RUNAWAYS = 2  # statements that may have to be ended by the clock; an honest migration has none
SAVEPOINT = "pgtune_traced"
SAVE, RELEASE, BACK = (f"{each} {SAVEPOINT}" for each in ("SAVEPOINT", "RELEASE", "ROLLBACK TO"))
NOTHING = Sight(frozenset(), (), {}, 0, whole=False)
IN_BLOCK = "25001"  # active_sql_transaction: CREATE INDEX CONCURRENTLY and the like in a transaction


@dataclass
class Tracer:
    """Applies scripts one after the other."""

    watch: Watch
    privileged: Privileged
    ended: int = 0
    _ledger: Ledger = field(default_factory=lambda: Ledger({}, {}))
    _open: bool = False

    def trace(self, script: Script) -> Trace:
        """What each statement of the script did.

        Raises:
            psycopg.OperationalError: the server fell.
        """
        self._begin(script)
        effects = tuple(self._effect(each) for each in script.statements)
        if self._open:
            self._end("COMMIT")
        return Trace(effects)

    def _begin(self, script: Script) -> None:
        path = ", ".join(map(quoted, script.search_path))
        self.watch.run("RESET ALL", f"SET search_path = {path}")
        if not self._ledger.known:
            self._ledger.known = self.watch.relations()
        self._ledger.old = dict(self._ledger.known)
        self._ledger.ended()
        self._open = False
        if script.transaction:
            self._start()

    def _start(self) -> None:
        self.watch.run("BEGIN")
        self._open = True

    def _end(self, word: str) -> str:
        """End the transaction; what the server says if it cannot."""
        why = ""
        try:
            self.watch.run(word)
        except (psycopg.Error, NotPlannable) as error:
            why = _said(error)
            self._recovered()
        if word != "COMMIT" or why:
            self._ledger.known = self.watch.relations()
        self._ledger.ended()
        self._open = False
        return why

    def _effect(self, text: str) -> Effect:
        if self.ended > RUNAWAYS:
            return Effect("unverified", "statements before it had to be ended: they ran too long")
        try:
            how = treatment(text)
            return self._ways(how)(how, text)
        except NotSql as error:
            return Effect("failed", str(error))
        except NotPlannable as error:
            self.ended += 1
            self._recovered()
            return Effect("failed", str(error))

    def _ways(self, how: Treatment) -> Callable[[Treatment, str], Effect]:
        return {
            "run": self._run, "block": self._run, "alone": self._alone, "control": self._control,
            "told": self._told, "plan": self._planned, "superuser": self._composed,
            "ignored": self._ignored, "refused": self._refused,
        }[how.way]  # fmt: skip

    def _run(self, how: Treatment, _: str) -> Effect:
        """In the open transaction behind a savepoint, or in a transaction of its own."""
        first, last = ([SAVE], [RELEASE]) if self._open else (["BEGIN"], ["COMMIT"])
        try:
            sight = self.watch.seen(how.text, first, whole=how.way == "block")
        except psycopg.Error as error:
            return self._failed(error)
        everything = None
        if not sight.whole and sight.count != self._expected(sight.relations):
            everything = self.watch.relations()
        effect = self._ledger.taken(sight, everything, how.why)
        try:
            self.watch.run(*last)
        except psycopg.Error as error:  # a deferred check, at COMMIT
            return self._failed(error)
        if not self._open:
            self._ledger.ended()
        return effect

    def _expected(self, changed: tuple[object, ...]) -> int:
        known = self._ledger.known
        return len(known) + sum(getattr(each, "oid", 0) not in known for each in changed)

    def _failed(self, error: psycopg.Error) -> Effect:
        self._recovered()
        status: Status = "present" if error.sqlstate in EXISTS else "failed"
        return Effect(status, _said(error), after_ddl=self._held())

    def _recovered(self) -> None:
        """Back to before the statement; where the session is gone, its transaction is, and a new one is begun."""
        if not self.watch.alive:
            self._ledger.known = self.watch.relations()
            self._ledger.ended()
            if self._open:
                self._start()
            return
        self.watch.run(*((BACK, RELEASE) if self._open else ("ROLLBACK",)))

    def _alone(self, how: Treatment, _: str) -> Effect:
        """Outside a transaction, where nothing can be seen before it is over; its lock is the documented one."""
        if self._open:
            return self._run(how, "")
        tables = tuple(self._named(how))
        try:
            self.watch.run(how.text)
        except psycopg.Error as error:
            self._recovered()
            return Effect("present" if error.sqlstate in EXISTS else "failed", _said(error))
        effect = self._ledger.taken(NOTHING, self.watch.relations(), how.why)
        locks = tuple(Lock(each, how.mode) for each in tables)
        return replace(effect, locks=locks, scanned=tables if how.scans else ())

    def _control(self, _: Treatment, text: str) -> Effect:
        kind = looked_at(text).kind
        if kind in {Kind.TRANS_STMT_BEGIN, Kind.TRANS_STMT_START}:
            if not self._open:
                self._start()
        elif kind in {Kind.TRANS_STMT_COMMIT, Kind.TRANS_STMT_ROLLBACK}:
            if self._open:
                why = self._end("COMMIT" if kind == Kind.TRANS_STMT_COMMIT else "ROLLBACK")
                return Effect("failed" if why else "applied", why)
        elif self._open:
            return self._savepoint(text)
        return Effect("applied")

    def _savepoint(self, text: str) -> Effect:
        try:
            self.watch.run(SAVE, text)
        except psycopg.Error as error:
            return self._failed(error)
        self._ledger.known = self.watch.relations()
        return Effect("applied")

    def _told(self, how: Treatment, _: str) -> Effect:
        tables = tuple(self._named(how))
        return Effect(
            "planned", how.why, tuple(Lock(each, how.mode) for each in tables),
            tables if how.rewrites else (), after_ddl=self._held(),
        )  # fmt: skip

    def _named(self, how: Treatment) -> Iterator[Name]:
        """The tables that a statement names, found as the server would."""
        for each in how.tables:
            words = f"{quoted(each.schemaname)}.{quoted(each.relname)}" if each.schemaname else quoted(each.relname)
            rows = self.watch.asked(("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", (words,)))
            seen = self._ledger.known.get(int(rows[0][0] or b"0"))
            if seen is not None and seen.oid in self._ledger.old:
                yield self._ledger.known[seen.table].name if seen.table else seen.name

    def _planned(self, how: Treatment, text: str) -> Effect:
        if how.text:
            return replace(self._run(how, text), status="planned")
        return Effect("planned", how.why, after_ddl=self._held())

    def _composed(self, _: Treatment, text: str) -> Effect:
        """By the superuser, who sees only what is committed."""
        was = self._open
        held = self._held()
        if was:
            self._end("COMMIT")
        before = self._ledger.known
        effect = self.privileged.made(looked_at(text))
        self._ledger.known = after = self.watch.relations()
        if was:
            self._start()
        gone = tuple(each.name for oid, each in before.items() if oid not in after and each.kind in "rpmfvi")
        return replace(effect, dropped=gone, after_ddl=held)

    def _ignored(self, how: Treatment, _: str) -> Effect:
        return Effect("applied", how.why, after_ddl=self._held())

    def _refused(self, how: Treatment, _: str) -> Effect:
        return Effect("unverified", how.why, after_ddl=self._held())

    def _held(self) -> tuple[Lock, ...]:
        return tuple(lock for lock in self._ledger.held.values() if lock is not None)


def _said(error: Exception) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join(str(primary or error).split())
