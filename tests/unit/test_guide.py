"""The house guide as a policy file: every figure once, replaceable, and a wrong file is refused with its place."""

import re
from pathlib import Path

import pytest

from pgtune import guide, resources
from pgtune.model.errors import BadInput

SHIPPED = resources.text("guide", "guide.toml")
FIGURES = {"64MB", "256MB", "5min", "25%", "75%", "60000ms"}


def test_the_guides_settings_are_read_in_natural_units():
    """Shares, sizes in bytes, durations in milliseconds, plain numbers."""
    figures = guide.load(SHIPPED)
    assert figures.share("shared_buffers") == 0.25
    assert figures.bytes("work_mem") == 64 * 1024 * 1024
    assert figures.ms("checkpoint_timeout") == 300_000
    assert figures.number("random_page_cost") == 1.1


def test_a_users_file_replaces_single_figures():
    """What the user's file does not name stays as shipped."""
    figures = guide.load(SHIPPED, "[settings]\nwork_mem = '32MB'\n[targets.disk]\niops = 9\n")
    assert figures.bytes("work_mem") == 32 * 1024 * 1024
    assert figures.figure("targets", "disk", "iops") == 9
    assert figures.figure("targets", "disk", "latency_ms") == 5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[settings", "mine.toml"),
        ("[setings]\nx = 1", "has no setings"),
        ("[settings]\nwork_men = '1MB'", "settings: the guide has no work_men"),
        ("settings = 3", "must be a table"),
        ("[settings.work_mem]\nx = 1", "must be a figure"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text, complaint):
    """A misspelt figure must not be silently ignored."""
    with pytest.raises(BadInput, match=re.escape(complaint)):
        guide.load(SHIPPED, text, "mine.toml")


@pytest.mark.parametrize("value", ["'much'", "'64 GiB'", "true", "[1]"])
def test_a_figure_that_cannot_be_read_is_named(value):
    """The error names the figure and its value."""
    figures = guide.load(SHIPPED, f"[settings]\nwork_mem = {value}")
    with pytest.raises(BadInput, match=r"settings\.work_mem"):
        figures.bytes("work_mem")


def test_the_guides_figures_stand_in_its_file_alone():
    """No rule repeats a figure of the guide: the sizes and shares it fixes are not found in the rules' code."""
    rules = Path(resources.PACKAGE, "settings")
    for path in rules.glob("*.py"):
        code = re.sub(r'("""[\s\S]*?"""|#[^\n]*|f?"[^"\n]*")', "", path.read_text())
        assert not re.search(r"\b(64|256) \* MB|\b0\.75\b|\b0\.25\b|\b2 \* GB  # max_wal|\b1\.1\b|\b200\b", code), path
