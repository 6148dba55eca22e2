"""The forms of a review that need no terminal; `pgtune.report.review.table` has the one that does."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pgtune.report.review.github import github
from pgtune.report.review.gitlab import gitlab
from pgtune.report.review.html import html
from pgtune.report.review.json import json_text
from pgtune.report.review.junit import junit
from pgtune.report.review.markdown import markdown
from pgtune.report.review.sarif import sarif
from pgtune.review.result import Review

FORMS: Mapping[str, Callable[[Review], str]] = MappingProxyType({
    "json": json_text, "sarif": sarif, "github": github, "gitlab": gitlab, "markdown": markdown, "html": html,
    "junit": junit,
})  # fmt: skip
"""What to print, by the name that `--output` takes."""
