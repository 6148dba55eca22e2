"""Apply a migration on a twin whose files are empty, and say of each statement what it did.

Each statement runs in the transaction that it would have in production: the one that its tool opens, the script's own,
or one of its own. In a longer one a savepoint stands before each, so that one that fails takes no other along.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from pglast.enums import TransactionStmtKind as Kind

from pgtune.model.design import Name, quoted
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.model.trace import Effect, Lock, Script, Status, Trace
from pgtune.sqltext.parse import looked_at
from pgtune.twin.tracing_effects import EXISTS, Ledger
from pgtune.twin.tracing_kinds import treatment
from pgtune.twin.tracing_privileged import Privileged
from pgtune.twin.tracing_rows import Rows
from pgtune.twin.tracing_treatment import Treatment
from pgtune.twin.tracing_watch import Seen, Sight, Watch

RUNAWAYS = 2  # statements that may have to be ended by the clock; an honest migration has none
TOO_MANY = "statements before it had to be ended: they ran too long"
SAVEPOINT = "pgtune_traced"
SAVE, RELEASE, BACK = (f"{each} {SAVEPOINT}" for each in ("SAVEPOINT", "RELEASE", "ROLLBACK TO"))
NOTHING = Sight(frozenset(), (), frozenset(), None, whole=False)


@dataclass
class Tracer:
    """Applies scripts one after the other. `at` is the number of the statement that it is at, the first is 0."""

    watch: Watch
    privileged: Privileged
    rows: Rows
    ended: int = 0
    at: int = 0
    _ledger: Ledger = field(default_factory=lambda: Ledger({}))
    _open: bool = False
    _saved: bool = False

    def trace(self, script: Script, banned: Mapping[int, str]) -> Trace:
        """What each statement of the script did; those that are banned, by number, are left out for the reason given.

        Raises:
            psycopg.OperationalError: the server fell.
        """
        self._begin(script)
        effects = []
        for self.at, text in enumerate(script.statements):
            effects.append(Effect("failed", banned[self.at]) if self.at in banned else self._effect(text))
        if self._open:
            self._end("COMMIT")
        return Trace(tuple(effects))

    def _begin(self, script: Script) -> None:
        self.watch.opens = ("RESET ALL", "SET check_function_bodies = off",
                            f"SET search_path = {', '.join(map(quoted, script.search_path))}")  # fmt: skip
        self.watch.run(*self.watch.opens, *(("BEGIN",) if script.transaction else ()))
        if not self._ledger.known:
            self._ledger.known = self.watch.relations()
        self._ledger.old = frozenset(self._ledger.known)
        self._ledger.held = ()
        self._open, self._saved = script.transaction, False

    def _start(self) -> None:
        self.watch.run("BEGIN")
        self._open, self._saved = True, False

    def _end(self, word: str) -> str:
        """End the transaction; what the server says if it cannot."""
        why = ""
        self._open = False
        try:
            self.watch.run(word)
        except (psycopg.Error, NotPlannable) as error:
            why = _said(error)
            self._recovered()
        if word != "COMMIT" or why:
            self._ledger.known = self.watch.relations()
        self._ledger.held = ()
        return why

    def _effect(self, text: str) -> Effect:
        if self.ended > RUNAWAYS:
            return Effect("unverified", TOO_MANY)
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
            "run": self._run, "alone": self._alone, "control": self._control,
            "told": self._told, "plan": self._planned, "superuser": self._composed,
            "ignored": self._ignored, "refused": self._refused,
        }[how.way]  # fmt: skip

    def _run(self, how: Treatment, _: str) -> Effect:
        for role in how.roles:
            self.privileged.role(role)
        try:
            return self._watched(how)
        except psycopg.Error as error:
            self._recovered()
            return self._refusal(error)

    def _refusal(self, error: psycopg.Error) -> Effect:
        status: Status = "present" if error.sqlstate in EXISTS else "failed"
        return Effect(status, _said(error), after_ddl=self._ledger.held)

    def _watched(self, how: Treatment) -> Effect:
        """In the open transaction behind a savepoint, or in a transaction of its own."""
        first, last = (self._saving(), ()) if self._open else (("BEGIN",), ("COMMIT",))
        sight = self.watch.seen(how.text, first, last, how.look)
        effect = self._ledger.taken(sight, self._everything(sight), how.why, outright=how.outright)
        if not self._open:
            self._ledger.held = ()
        return replace(effect, scanned=()) if how.empties else effect

    def _saving(self) -> Sequence[str]:
        before, self._saved = ((RELEASE, SAVE) if self._saved else (SAVE,)), True
        return before

    def _everything(self, sight: Sight) -> Mapping[int, Seen] | None:
        """All relations, if there are fewer than there would be had none been dropped."""
        if sight.whole or sight.count is None:
            return None
        known = self._ledger.known
        expected = len(known) + sum(each.oid not in known for each in sight.relations)
        return self.watch.relations() if sight.count != expected else None

    def _recovered(self) -> None:
        """Back to before the statement; where the session is gone, its transaction is, and a new one is begun."""
        if self.watch.alive:
            self.watch.run(BACK if self._open else "ROLLBACK")
            return
        self._ledger.known = self.watch.relations()
        self._ledger.held = ()
        if self._open:
            self._start()

    def _alone(self, how: Treatment, text: str) -> Effect:
        """Outside a transaction, where nothing can be seen before it is over; its lock is the documented one."""
        if self._open:
            return self._out_of_place(how, text)
        tables = tuple(dict.fromkeys(self._named(how)))
        try:
            self.watch.asked((how.text, ()))
        except psycopg.Error as error:
            if not self.watch.alive:
                raise
            return self._refusal(error)
        effect = self._ledger.taken(NOTHING, self.watch.relations(), how.why)
        self._ledger.held = ()
        locks = tuple(Lock(each, how.mode) for each in tables)
        return replace(effect, locks=locks, scanned=tables if how.scans else (), cascaded=())

    def _out_of_place(self, how: Treatment, text: str) -> Effect:
        """In a transaction it is refused; what it would have made is made all the same, for what comes after it."""
        effect = self._run(how, text)
        if effect.status == "failed" and how.plain:
            self._run(replace(how, text=how.plain), how.plain)
        return effect

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
        """The script's own savepoint, outside of ours."""
        released, self._saved = ((RELEASE,) if self._saved else ()), False
        try:
            self.watch.run(*released, SAVE, text)
        except psycopg.Error as error:
            self._recovered()
            return self._refusal(error)
        self._ledger.known = self.watch.relations()
        return Effect("applied")

    def _told(self, how: Treatment, _: str) -> Effect:
        tables = tuple(dict.fromkeys(self._named(how)))
        locks = tuple(Lock(each, how.mode) for each in tables)
        return Effect("planned", how.why, locks, tables if how.rewrites else (), after_ddl=self._ledger.held)

    def _named(self, how: Treatment) -> Iterator[Name]:
        """The old tables that a statement names, or whose indexes it names, found as the server would."""
        for each in how.tables:
            words = f"{quoted(each.schemaname)}.{quoted(each.relname)}" if each.schemaname else quoted(each.relname)
            rows = self.watch.asked(("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", (words,)))
            name = self._ledger.named(int(rows[0][0] or b"0"))
            if name is not None:
                yield name

    def _planned(self, how: Treatment, text: str) -> Effect:
        try:
            if self._open:
                self.watch.run(*self._saving())
            rows = self.rows.touched(how.query, self._ledger) if how.query else None
        except psycopg.Error as error:
            self._recovered()
            return self._refusal(error)
        if how.text:
            effect = self._run(how, text)
            return replace(effect, status="planned", rows=rows) if effect.status == "applied" else effect
        return Effect("planned", how.why, rows=rows if how.changes else None, after_ddl=self._ledger.held)

    def _composed(self, _: Treatment, text: str) -> Effect:
        """By the superuser, who sees only what is committed; so the transaction is cut in two here."""
        was, held = self._open, self._ledger.held
        if was:
            self._end("COMMIT")
        before = self._ledger.known
        effect = self.privileged.made(looked_at(text))
        after = self.watch.relations()
        found = self._ledger.taken(NOTHING, after)
        if was:
            self._start()
        self._ledger.held = held
        return replace(effect, dropped=found.dropped if len(after) < len(before) else (), after_ddl=held)

    def _ignored(self, how: Treatment, _: str) -> Effect:
        return Effect("applied", how.why, after_ddl=self._ledger.held)

    def _refused(self, how: Treatment, _: str) -> Effect:
        return Effect("unverified", how.why, after_ddl=self._ledger.held)


def _said(error: Exception) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join(str(primary or error).split())
