"""The fragment of postgresql.conf, without a server; tests/db/test_report_conf.py boots one on it."""

from pathlib import Path

import pytest

from pgtune.report.conf import conf, quoted
from tests.unit.report.golden import check
from tests.unit.report.sample import HOSTILE, LINES, TUNING

GOLDEN = Path(__file__).parent / "golden"


def test_golden() -> None:
    """The file is as somebody last looked at it."""
    check(conf(TUNING), GOLDEN / "sample.conf")


def test_every_setting_once_and_blocked_ones_as_comments() -> None:
    """Each line is set once; what --apply leaves out stands there commented out, with the reason."""
    active = [line for line in conf(TUNING).splitlines() if line and not line.startswith("#")]
    assert [line.split(" = ")[0] for line in active] == [line.name for line in LINES if not line.blocked]
    assert "#max_connections = 200" in conf(TUNING)
    assert "# Left out: 1 standby attached" in conf(TUNING)


def test_nothing_escapes_a_comment_or_a_value() -> None:
    """Line breaks in a reason, a source or a value start no setting of their own."""
    active = [line for line in conf(HOSTILE).splitlines() if line and not line.startswith("#")]
    assert len(active) == 1
    assert active[0].startswith("log_line_prefix = '")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("6GB", "6GB"), ("0.9", "0.9"), ("-1", "-1"), ("off", "off"), ("pg_stat_statements", "pg_stat_statements"),
        ("1.5GB", "'1.5GB'"), ("", "''"), ("it's", "'it''s'"), ("a\\b", "'a\\\\b'"), ("a\nb", "'a\\nb'"),
        ("a, b", "'a, b'"), ("6 GB", "'6 GB'"), ("1e5", "'1e5'"),
    ],
)  # fmt: skip
def test_quoted(value: str, text: str) -> None:
    """Bare where the grammar takes it bare, quoted and escaped everywhere else."""
    assert quoted(value) == text


def test_what_alter_system_wins_over_is_said():
    """postgresql.auto.conf is read last: a line in another file has no effect until it is reset there."""
    late = [line for line in TUNING.lines if line.set_by.startswith("postgresql.auto.conf")]
    assert late
    text = " ".join(conf(TUNING).replace("#", " ").split())
    assert text.count("Without effect until ALTER SYSTEM RESET") == len(late)
    assert f"ALTER SYSTEM RESET {late[0].name}:" in text
