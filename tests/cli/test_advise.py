"""Options of `pgtune advise` that do not go together are refused before anything is asked or read."""

import pytest
from click.testing import CliRunner

from pgtune.cli import root


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["host=db1", "--snapshot", "prod.pgtune"], "CONNINFO and --snapshot"),
        (["--snapshot", "prod.pgtune", "--apply"], "--apply needs a server"),
        (["host=db1", "--yes"], "--yes goes with --apply"),
        (["host=db1", "--may-lose", "50"], "--may-lose goes with --prove"),
    ],
)
def test_what_does_not_go_together_is_refused(words, why):
    done = CliRunner().invoke(root, ["advise", *words])
    assert done.exit_code == 2
    assert why in done.stderr
