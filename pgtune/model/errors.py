"""Every error a user can meet: one line that says what happened, and a docstring that says what to do about it.

`exit_code` is the documented exit code of the command that meets the error (DBAs script against these):
0 done, 1 findings or a step left out, 2 usage or configuration, 3 cannot connect or not allowed,
4 applied in part and undone, 5 nothing done because it must not run here or now.
"""

from typing import ClassVar


class PgtuneError(Exception):
    """Something pgtune foresaw went wrong; the message is one line for a person."""

    exit_code: ClassVar[int] = 3


class BadInput(PgtuneError):
    """An option, a file or a value cannot be used. Correct it and run the command again; nothing was changed."""

    exit_code = 2


class CannotConnect(PgtuneError):
    """No server answered. Check host, port and the server; or try `pgtune demo`, which brings its own."""


class NotAllowed(PgtuneError):
    """The role or the operating system refused. The message names the grant or the account that is missing."""


class ConnectionLost(PgtuneError):
    """The server went away during the work. `pgtune history` shows what was done; running again is safe."""


class ServerNotFound(PgtuneError):
    """No PostgreSQL programs of the wanted version are on this machine. Install them or name their folder."""

    exit_code = 2


class ServerDidNotStart(PgtuneError):
    """A PostgreSQL process did not come up. The message carries the server's own log line."""


class Refused(PgtuneError):
    """The server refused a statement or a value. The message is its own; nothing was changed."""


class LedgerUnusable(PgtuneError):
    """The ledger cannot be read or written, so nothing is changed. Free its disk, or set PGTUNE_HOME to a folder."""


class MustNotRunHere(PgtuneError):
    """This server or this moment is not one to write to (a standby, an operator's server). Nothing was done."""

    exit_code = 5


class AppliedThenUndone(PgtuneError):
    """A change was made, failed its check and was taken back; the server runs as before."""

    exit_code = 4


class UndoIncomplete(PgtuneError):
    """A change failed and could not be taken back entirely. The message names what is left and how to finish."""


class ChangedSince(PgtuneError):
    """Somebody changed a setting after pgtune wrote it; undo leaves their value alone and names it."""

    exit_code = 1


class NotSql(BadInput):
    """A text is no SQL for PostgreSQL's parser, or not the one statement asked for. Correct it, or leave it out."""


class NotPlannable(PgtuneError):
    """A statement cannot be planned on the twin: something it needs did not travel, or its text lacks a value."""


class TookTooLong(PgtuneError):
    """The work did not end in the time it was given. Give it more, or less to do; nothing was changed."""
