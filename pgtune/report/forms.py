"""The forms of an answer that need no terminal; `pgtune.report.table` has the one that does."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pgtune.report.conf import conf
from pgtune.report.html import html
from pgtune.report.markdown import markdown
from pgtune.report.tuning import json_text
from pgtune.settings.tuning import Tuning

FORMS: Mapping[str, Callable[[Tuning], str]] = MappingProxyType(
    {"json": json_text, "markdown": markdown, "html": html, "conf": conf}
)
"""What to print, by the name that `--output` takes."""
