"""What is wrong with a plan and what would help: every rule asked of every node."""

from pgtune.plans.insight import ORDER, Insight
from pgtune.plans.plan import Plan
from pgtune.plans.rules import estimates, joins, memory, scans, work
from pgtune.plans.spot import Facts, spots

RULES = (*scans.RULES, *joins.RULES, *memory.RULES, *estimates.RULES, *work.RULES)
NOTHING = Facts()


def insights(plan: Plan, facts: Facts = NOTHING) -> tuple[Insight, ...]:
    """What the rules find, the gravest first, then in the plan's order; the same words are said once."""
    found = [each for spot in spots(plan, facts) for rule in RULES for each in rule(spot)]
    ranked = sorted(found, key=lambda each: (ORDER.index(each.severity), each.node, each.code))
    first = {(each.code, each.what, each.help): each for each in reversed(ranked)}
    return tuple(each for each in ranked if first[each.code, each.what, each.help] is each)
