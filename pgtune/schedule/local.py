"""The machine's own time zone."""

import warnings

import tzlocal

LOCAL = "local"  # the machine's own zone, whichever that is where the policy runs


def zone_name() -> str | None:
    """Its name, as Europe/Berlin; None where the machine says nothing that has a name."""
    with warnings.catch_warnings(action="ignore"):
        try:
            name: str | None = tzlocal.get_localzone_name()
        except (ValueError, LookupError, OSError):
            return None
    return name
