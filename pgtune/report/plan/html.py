"""An explained plan as one page that needs nothing else."""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pgtune.model.units import human_bytes
from pgtune.plans.explained import Explained
from pgtune.plans.words import share
from pgtune.report.paper import visible
from pgtune.report.plan import words
from pgtune.report.plan.lines import headings, rows


def html(explained: Explained) -> str:
    """The page. Everything in it that came from outside is escaped, and it asks for no script and no network."""
    return _template().render(
        explained=explained,
        title=words.title(explained),
        headings=headings(explained.plan),
        rows=rows(explained.plan, explained.insights),
        words=words,
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pgtune", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "share": share, "bytes": human_bytes}
    return environment.get_template("plan.html.jinja")
