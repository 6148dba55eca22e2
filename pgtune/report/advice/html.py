"""Advice as one page that needs nothing else: for a mail, a ticket or a change board."""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pgtune.model.units import human_bytes
from pgtune.report.advice import proof, words
from pgtune.report.advice.answer import Answer
from pgtune.report.paper import visible

BAR = 100.0  # the width of a bar in its own units


def html(answer: Answer) -> str:
    """The page. Everything in it that came from outside is escaped, and it asks for no script and no network."""
    found = answer.indexes
    return _template().render(
        answer=answer,
        title=words.title(answer),
        workload=words.workload(answer),
        summary=words.summary(answer),
        effect=words.effect(answer),
        bound=words.bound(answer),
        costs=words.COSTS,
        storage=words.storage(answer),
        recommendations=found.recommendations,
        bars=_bars(answer),
        drops=[each for each in found.drops if each.ddl],
        watched=[each for each in found.drops if not each.ddl],
        left_out=words.left_out(answer),
        queries=sorted(found.queries, key=lambda each: (-each.weight * each.cost_before, each.fingerprint)),
    )


def _bars(answer: Answer) -> list[tuple[str, str, float]]:
    """The workload's cost today, with the advice and with every candidate, as words, figure and width."""
    found = answer.indexes
    rows = (("today", found.cost_before), ("advised", found.cost_after), ("bound", found.bound.unlimited))
    most = max((value for _, value in rows), default=0) or 1
    return [(what, words.cost(value), round(BAR * value / most, 2)) for what, value in rows]


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pgtune", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {
        "visible": visible, "size": human_bytes, "keys": words.keys, "facts": words.facts,
        "cost": words.cost, "statement": words.statement, "dropped": words.dropped, "weight": words.weight,
        "told": proof.told, "remarks": proof.remarks, "script": words.script,
    }  # fmt: skip
    environment.filters.update(filters)
    environment.globals["change"] = words.change
    return environment.get_template("advice.html.jinja")
