"""The words that every report shares; they know of no result."""


def version_text(version: int) -> str:
    """`18.6` for 180006, `17` for 170000, which stands for any release of 17."""
    major, minor = divmod(version, 10000)
    return f"{major}.{minor}" if minor else str(major)


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
