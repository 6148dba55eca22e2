"""The forms of advice that need no terminal; `pgtune.report.advice.table` has the one that does."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pgtune.report.advice.answer import Answer
from pgtune.report.advice.html import html
from pgtune.report.advice.json import json_text
from pgtune.report.advice.markdown import markdown

FORMS: Mapping[str, Callable[[Answer], str]] = MappingProxyType({"json": json_text, "markdown": markdown, "html": html})
"""What to print, by the name that `--output` takes."""
