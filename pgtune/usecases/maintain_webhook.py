"""A webhook that is told that a run did not go well; apart, for what speaks HTTP takes long to load."""

import urllib.error
import urllib.request

from pgtune.maintenance.record import Run
from pgtune.model.errors import PgtuneError
from pgtune.report.json import dumps
from pgtune.usecases.maintain_after import WAIT


def post(url: str, run: Run) -> None:
    """Send the run's JSON to a webhook.

    Raises:
        PgtuneError: it does not answer well. The address is not told: it may hold a secret.
    """
    request = urllib.request.Request(  # noqa: S310  (`maintain_after.require_url` let it pass)
        url, dumps(run).encode(), {"Content-Type": "application/json", "User-Agent": "pgtune"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=WAIT):  # noqa: S310
            pass
    except (OSError, ValueError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "code", None) or type(error).__name__
        raise PgtuneError(f"--webhook: it could not be told: {reason}") from error
