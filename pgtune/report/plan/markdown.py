"""An explained plan for a ticket or a pull request, in GitHub's Markdown."""

from pgtune.model.units import human_bytes
from pgtune.plans.explained import Explained
from pgtune.report.markdown import code, fenced, text
from pgtune.report.paper import Paper
from pgtune.report.plan import words
from pgtune.report.plan.table import tree


def markdown(explained: Explained) -> str:
    """The whole answer; the tree stands in a fence, which nothing in it can end."""
    drawn = "\n".join(line.rstrip() for line in tree(explained, Paper(100)))
    parts = [f"# {text(words.title(explained))}"]
    parts += [fenced(explained.query.strip(), "sql")] if explained.query else []
    parts += [fenced(drawn, "text"), f"## {words.FINDINGS}" if explained.insights else words.NOTHING]
    for place, each in enumerate(explained.insights, 1):
        parts.append(f"{place}. **{words.severity(each)}**: {text(each.what)}  \n   helps: {text(each.help)}")
    if explained.proposals is not None:
        parts.append(f"## {words.PROPOSALS}" if explained.proposals else words.NO_INDEX)
        for index in explained.proposals:
            parts.append(f"- {code(index.ddl + ';')}  \n  {text(words.proposal(index, human_bytes(index.size_bytes)))}")
    if explained.variants:
        parts += [f"## {words.VARIANTS}", "\n".join(f"- {text(words.variant(each))}" for each in explained.variants)]
    if explained.notes:
        parts += ["## Notes", "\n".join(f"- {text(each)}" for each in explained.notes)]
    return "\n\n".join(parts) + "\n"
