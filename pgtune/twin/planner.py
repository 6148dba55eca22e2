"""The session that plans: a weak role, one statement at a time, everything it sets taken back."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from pgtune.model.design import Query, quoted
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Plan
from pgtune.sqltext.parse import parameters, planable
from pgtune.sqltext.typed import castable, doubtful, with_types
from pgtune.twin.house import DATABASE, PLANNER, House
from pgtune.twin.wire import Statement, Wire

EXPLAIN = "EXPLAIN (FORMAT JSON, VERBOSE)"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that was found to be one planable statement: as given, with casts for a second try, its last parameter."""

    given: str
    cast: str
    parameters: int


@dataclass
class Planner:
    """Plans queries on the twin, each within `seconds`."""

    house: House
    seconds: float
    dbname: str = DATABASE
    _texts: dict[str, _Text] = field(default_factory=dict)
    _wire: Wire | None = None

    def plan(self, query: Query, settings: Mapping[str, str]) -> Plan:
        """The plan of a query.

        Raises:
            NotPlannable: it is not one planable statement, the server refused it, or it took too long.
        """
        text = self._texts.get(query.text) or self._read(query.text)
        given = text.given
        while True:
            try:
                plan = self._explained(given, query, text.parameters, settings)
            except psycopg.Error as error:
                given = _mended(given, text, error)
            else:
                self._texts[query.text] = replace(text, given=given)
                return plan

    def asked(self, statements: Sequence[Statement]) -> list[list[tuple[bytes | None, ...]]]:
        """The answers to questions about values, as the weak role.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        return self._session().batch(statements, self.seconds)

    def _read(self, text: str) -> _Text:
        try:
            numbers = parameters(planable(text))
            read = _Text(text, castable(text), max(numbers, default=0))
        except NotSql as error:
            raise NotPlannable(str(error)) from error
        self._texts[text] = read
        return read

    def _explained(self, text: str, query: Query, count: int, settings: Mapping[str, str]) -> Plan:
        statements = [
            ("BEGIN", ()),
            *(_set(name, value) for name, value in settings.items()),
            _set("search_path", ", ".join(map(quoted, query.search_path))),
            *self._asking(text, query, count),
            ("ROLLBACK", ()),
        ]
        try:
            answers = self._session().batch(statements, self.seconds)
        except psycopg.Error:
            if self._wire is not None and not self._wire.dead:  # the server skipped our ROLLBACK with all the rest
                self._wire.batch([("ROLLBACK", ())], self.seconds)
            raise
        return plan_of(json.loads(answers[-2][0][0] or b""))

    def _asking(self, text: str, query: Query, count: int) -> list[Statement]:
        """The statements that answer with a plan.

        A generic plan is asked of a prepared statement: EXPLAIN (GENERIC_PLAN) would take NULL for each parameter's
        value in this protocol, and the other protocol runs several statements where one was expected.
        """
        if query.bindings is not None or not count:
            return [(f"{EXPLAIN} {text}", query.bindings or ())]
        nothing = ", ".join(["NULL"] * count)
        return [
            ("DEALLOCATE ALL", ()),
            _set("plan_cache_mode", "force_generic_plan"),
            (f"PREPARE asked AS {text}", ()),
            (f"{EXPLAIN} EXECUTE asked ({nothing})", ()),
        ]

    def _session(self) -> Wire:
        if self._wire is None or self._wire.dead:
            self._wire = self.house.weak(PLANNER, self.dbname)
        return self._wire

    def close(self) -> None:
        """End the session."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


_UNTOLD = re.compile(r"could not determine data type of parameter \$(\d+)")


def _mended(given: str, text: _Text, error: psycopg.Error) -> str:
    """The text to try next: typed literals as casts, then a type for parameters that have none.

    Of `$1 + $2` that is numeric, which an INSERT turns into any number; of one in jsonb_build_object it is text.

    Raises:
        NotPlannable: nothing is left to try.
    """
    if given == text.given != text.cast:
        return text.cast
    types: dict[int, str] = {}
    if isinstance(error, psycopg.errors.AmbiguousFunction):
        types = dict.fromkeys(doubtful(given), "numeric")
    elif isinstance(error, psycopg.errors.IndeterminateDatatype) and (untold := _UNTOLD.search(str(error))):
        types = {int(untold[1]): "text"}
    fresh = {number: kind for number, kind in types.items() if f"${number}::" not in given}
    if not fresh:
        raise _not_plannable(error) from error
    return with_types(given, fresh)


def _set(name: str, value: str) -> Statement:
    return ("SELECT pg_catalog.set_config($1, $2, true)", (name, value))


def _not_plannable(error: psycopg.Error) -> NotPlannable:
    return NotPlannable(" ".join(str(error).split()))
