"""Plan rules to which a rewrite is the answer: it is planned too, and proposed where it wins clearly."""

from collections.abc import Callable, Iterator

from pgtune.plans.words import cost
from pgtune.review.asked import Asked
from pgtune.review.lean import CLEARLY
from pgtune.review.rule import Remark, Rule
from pgtune.review.rules.plan import Check, seen
from pgtune.sqltext.rewrites.arms import united
from pgtune.sqltext.rewrites.subqueries import not_exists
from pgtune.sqltext.rewrites.tree import Rewrite

Rewriting = Callable[[Asked], Rewrite | None]


def rewritten(rule: Rule, rewrite: Rewriting) -> Check:
    """The check of a plan rule, whose remarks bring the rewritten query if its plan is clearly cheaper."""
    plain = seen(rule)

    def check(asked: Asked) -> Iterator[Remark]:
        found = list(plain(asked))
        made = _won(asked, rewrite(asked)) if found else None
        for remark in found:
            yield remark if made is None else _with(asked, remark, *made)

    return check


def _won(asked: Asked, made: Rewrite | None) -> tuple[Rewrite, float, float] | None:
    """The rewrite with the costs before and after; None if it wins nothing clearly."""
    after = asked.planned(made.text) if made else None
    if made is None or after is None or asked.plan is None or after.cost * CLEARLY > asked.plan.cost:
        return None
    return made, asked.plan.cost, after.cost


def _with(asked: Asked, remark: Remark, made: Rewrite, before: float, after: float) -> Remark:
    what = f"{remark.message}: costs {cost(before)}, {made.what} {cost(after)}"
    doubt = f"; mind: {made.doubt}" if made.doubt else ""
    return remark._replace(message=what, help=remark.help + doubt, fix=asked.spelled(made))


def of_or(asked: Asked) -> Rewrite | None:
    """The arms of an OR apart."""
    return united(asked.text)


def of_not_in(asked: Asked) -> Rewrite | None:
    """NOT IN as an anti join."""
    return not_exists(asked.text, asked.holder_of)
