"""The session that makes things on a twin: the weak owner, watched by the clock, opened anew when it was ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from pgtune.model.errors import NotPlannable
from pgtune.twin.house import OWNER, House
from pgtune.twin.wire import Wire

SECONDS = 30.0  # what a batch of statements may take; 200 tables take 0.1


@dataclass
class Builder:
    """Runs DDL as the owner of the rebuilt schema. `ended` counts what took too long and was ended."""

    house: House
    ended: int = 0
    _wire: Wire | None = None

    def made(self, statements: Sequence[str]) -> str | None:
        """Run statements together, all or none: None if they were run, else why not."""
        try:
            self._session().script(";\n".join(statements), SECONDS)
        except NotPlannable as error:
            self.ended += 1
            return str(error)
        except psycopg.Error as error:
            return " ".join(str(error).split())
        return None

    def _session(self) -> Wire:
        if self._wire is None or self._wire.dead:
            self._wire = self.house.weak(OWNER)
            self._wire.script("SET check_function_bodies = off; SET search_path = pg_catalog", SECONDS)
        return self._wire

    def close(self) -> None:
        """End the session."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
