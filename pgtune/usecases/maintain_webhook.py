"""A webhook that is told that a run did not go well; apart, for what speaks HTTP takes long to load."""

from http.client import HTTPException
from urllib import request

from pgtune.maintenance.record import Run
from pgtune.model.errors import BadInput, PgtuneError
from pgtune.report.json import dumps
from pgtune.usecases.maintain_after import WAIT

HEADERS = {"Content-Type": "application/json", "User-Agent": "pgtune"}
# Nothing but HTTP is spoken, and no redirection followed: a body does not come along to another address.
SPOKEN = (
    request.ProxyHandler, request.UnknownHandler, request.HTTPHandler, request.HTTPSHandler,
    request.HTTPDefaultErrorHandler, request.HTTPErrorProcessor,
)  # fmt: skip


def require_url(url: str) -> None:
    """Refuse an address that is no web address, before anything is done.

    Raises:
        BadInput: it is none.
    """
    if not url.startswith(("https://", "http://")):
        raise BadInput("--webhook takes an address that begins with https:// or http://")


def post(url: str, run: Run) -> None:
    """Send the run's JSON to a webhook.

    Raises:
        PgtuneError: it does not answer well. The address is not told: it may hold a secret.
    """
    opener = request.OpenerDirector()
    for each in SPOKEN:
        opener.add_handler(each())
    try:
        asked = request.Request(url, dumps(run).encode(), HEADERS, method="POST")  # noqa: S310  (`SPOKEN`: HTTP alone)
        with opener.open(asked, timeout=WAIT):
            pass
    except (OSError, ValueError, HTTPException) as error:
        raise PgtuneError(f"--webhook: it could not be told: {_why(error)}") from error


def _why(error: Exception) -> str:
    """A status with its words, or what the system says; else the error's name, for its words may hold the address."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    known = [str(each) for each in (getattr(error, "code", None), reason) if each]
    return " ".join(known) or type(error).__name__
