"""The copy that a proof builds on: every index that it creates there is dropped again, and the ledger knows of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtune.indexes.advice import SizeOf
from pgtune.model.design import Index, Name
from pgtune.model.errors import PgtuneError, Refused
from pgtune.model.step import State
from pgtune.plans.plan import Plan
from pgtune.report.advice.answer import Built
from pgtune.server import proving
from pgtune.server.build import Build, Outcome, Wanted
from pgtune.server.connect import Connection
from pgtune.usecases.build import as_wanted
from pgtune.usecases.prove_trials import SECONDS, Trial


@dataclass(slots=True)
class Copy:
    """`session` measures, `builder` writes; `trials` are by their queries' texts; `size_of` predicts bytes.

    `built` are all indexes that were created; `notes` tell which could not be, and of what is left.
    """

    builder: Build
    session: Connection
    trials: Mapping[str, Trial]
    size_of: SizeOf
    built: list[Built] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _runs: dict[int, list[Name]] = field(default_factory=dict)

    def create(self, wanted: Mapping[Index, Wanted]) -> None:
        """Create these one after the other; of those that are there when it fails or is interrupted it is known."""
        of_name = {each.name: index for index, each in wanted.items()}

        def heard(number: int, outcome: Outcome) -> None:
            if outcome.fate != "created":
                self.notes.append(f"{outcome.wanted.name}: {outcome.fate}, {outcome.why}")
                return
            index = of_name[outcome.wanted.name]
            self.built.append(Built(index, self.size_of(index), outcome.bytes, outcome.seconds))
            self._runs.setdefault(number, []).append(outcome.wanted.name)

        self.builder.carry_out(list(wanted.values()), heard)

    def build(self, index: Index) -> int | None:
        """Create one more; its bytes, None if it could not be created."""
        before = len(self.built)
        self.create({index: as_wanted(index)})
        return self.built[-1].bytes if len(self.built) > before else None

    def drop(self, index: Index) -> None:
        """Drop one now.

        Raises:
            Refused: it cannot be dropped now, which is tried once more in the end.
        """
        for number, names in self._runs.items():
            for name in [each for each in names if each.name == index.name]:
                if why := self._dropped(number, name):
                    raise Refused(why)

    def clean(self) -> None:
        """Drop all that is left; what cannot be dropped is told."""
        for number, names in self._runs.items():
            for name in [*names]:
                if why := self._dropped(number, name):
                    self.notes.append(f"{name} is left: {why}; pgtune undo {number} drops it")
            self.builder.ledger.record(number, State.LEFT_BEHIND if names else State.UNDONE, "a proof")

    def _dropped(self, number: int, name: Name) -> str:
        """Nothing, or why it could not be dropped."""
        try:
            self.builder.drop(name.sql)
        except PgtuneError as error:
            return str(error)
        self.builder.ledger.record_undone(number, [str(name)])
        self._runs[number].remove(name)
        return ""

    def analyzed(self, key: str) -> Plan | None:
        """The query's plan with the rows that it really had; None if there is none."""
        try:
            return proving.analyzed(self.session, self.trials[key].query, SECONDS)
        except Refused:
            return None
