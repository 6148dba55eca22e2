"""The guide's budget of response times, as far as a plan can be held against it."""

from pgtune.guide import Guide
from pgtune.model.units import format_ms


def note(guide: Guide) -> str:
    """What a review says of times: none is made up from costs, which are no milliseconds until they are calibrated."""
    budget = guide.figure("targets", "api_response_ms")
    figures = " and ".join(f"{format_ms(budget[name])} ({name})" for name in ("p95", "p99"))
    return f"whether the queries keep to the guide's {figures} is unknown: a plan's cost is no time"
