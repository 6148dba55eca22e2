"""The report as one page that needs nothing else: for a mail, a ticket or a change board."""

from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pgtune.model.units import human_bytes
from pgtune.report import words
from pgtune.report.paper import visible
from pgtune.report.plain import version_text
from pgtune.settings.tuning import Budget, Tuning

DRAWING = 1000  # the width of the budget's drawing in its own units


@dataclass(frozen=True, slots=True)
class Bar:
    """One addend as a piece of the stacked bar; `left` and `width` in units of the drawing."""

    what: str
    size: str
    share: str
    how: str
    left: float
    width: float


def html(tuning: Tuning) -> str:
    """The page. Everything in it that came from outside is escaped, and it asks for no script and no network."""
    bars, scale = _bars(tuning.budget)
    return _template().render(
        tuning=tuning,
        version=version_text(tuning.version),
        summary=words.summary(tuning),
        found=words.found(tuning.hardware),
        families=list(words.families(tuning.lines)),
        budget=tuning.budget,
        bars=bars,
        width=DRAWING,
        limit=round(tuning.budget.limit * scale, 1),
        memory=round(tuning.budget.memory * scale, 1),
        total=human_bytes(tuning.budget.total),
        total_share=words.share(tuning.budget.total, tuning.budget.memory),
        budget_sum=words.budget_sum(tuning.budget),
        overrun=words.overrun(tuning.budget),
        assumed=words.ASSUMED,
    )


def _bars(budget: Budget) -> tuple[list[Bar], float]:
    """The pieces, one after the other, and how many units of the drawing a byte is."""
    scale = DRAWING / max(budget.memory, budget.total, 1)
    bars, left = [], 0.0
    for line in budget.lines:
        width = line.bytes * scale
        share = words.share(line.bytes, budget.memory)
        bars.append(Bar(line.what, human_bytes(line.bytes), share, line.how, round(left, 1), round(width, 1)))
        left += width
    return bars, scale


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pgtune", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["takes"] = words.takes
    return environment.get_template("tuning.html.jinja")
