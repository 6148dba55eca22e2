"""`pgtune history`: the runs that the ledger knows, of one server or of all."""

from pgtune.model.errors import CannotConnect
from pgtune.model.step import Run
from pgtune.server import facts, ledger

SCHEMA = "pgtune.history/1"


def history(conninfo: str = "") -> list[Run]:
    """The runs, the newest first; of one server where a conninfo names one, else of all, and without connecting.

    Raises:
        LedgerUnusable: the ledger cannot be read.
        BadInput: the conninfo cannot be read.
        CannotConnect: the named server does not answer.
    """
    with ledger.opened() as book:
        if not conninfo:
            return book.runs()
        try:
            return book.runs(facts.read(conninfo).system_identifier)
        except CannotConnect as error:
            raise CannotConnect(f"{error}; pgtune history without a server lists the runs of all") from error
