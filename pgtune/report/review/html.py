"""A review as one page that needs nothing else: findings, locks, plans before and after, where the figures came from.

It runs no script and may load nothing: its policy allows the one style sheet that is in it, by its hash.
"""

import hashlib
from base64 import b64encode
from collections import Counter
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from pgtune.model.finding import SEVERITIES
from pgtune.plans.words import cost, share
from pgtune.report.paper import visible
from pgtune.report.plain import count
from pgtune.report.plan.lines import Row, headings, rows
from pgtune.report.review import words
from pgtune.review.result import Picture, Review

PLANS = 100  # statements whose plans are shown: a page of more is slow to open
LONGEST = 600  # characters of a condition: a generated IN list goes on for pages
TEMPLATES = PackageLoader("pgtune", "report/templates")


def html(review: Review) -> str:
    """The page. Everything in it that came from outside is escaped."""
    style = _style()
    plans = review.plans[:PLANS]
    numbers = Counter(each.severity for each in review.findings)
    return _template().render(
        review=review,
        words=words,
        style=Markup(style),  # noqa: S704  (it stands in the package)
        style_hash=f"sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
        counts=[(each, count(numbers[each], each, words.PLURALS[each])) for each in SEVERITIES if numbers[each]],
        plans=plans,
        more_plans=len(review.plans) - len(plans),
        places={(each.path, each.line): number for number, each in enumerate(plans, 1) if each.path},
    )


def _rows(picture: Picture) -> list[Row]:
    return rows(picture.plan, picture.insights)


def _lines(text: str) -> str:
    """A text of several lines in which nothing turns the direction of writing."""
    return "\n".join("".join(" " if letter.isspace() else visible(letter) for letter in line)
                     for line in text.expandtabs(4).splitlines())  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _environment() -> Environment:
    environment = Environment(
        loader=TEMPLATES, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "visible": visible, "lines": _lines, "short": _short, "share": share, "cost": cost, "rows": _rows,
        "headings": headings,
    }  # fmt: skip
    return environment


@lru_cache(maxsize=1)
def _style() -> str:
    return TEMPLATES.get_source(_environment(), "review.css")[0]


@lru_cache(maxsize=1)
def _template() -> Template:
    return _environment().get_template("review.html.jinja")
