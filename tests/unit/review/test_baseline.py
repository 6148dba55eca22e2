"""What a project lives with: written in a fixed order, read strictly."""

import json

import pytest

from pgtune.model.errors import BadInput
from pgtune.review.baseline import read, without, written
from tests.unit.review.sample import REVIEW


def test_what_is_written_is_read():
    """Known findings are not said again, others are."""
    text = written(REVIEW.findings[:2])
    assert without(REVIEW.findings, read(text)) == REVIEW.findings[2:]


def test_the_order_is_fixed():
    """The file can be compared line by line: the order in which findings come plays no part."""
    text = written(REVIEW.findings)
    assert text == written(reversed(REVIEW.findings))
    assert [json.loads(line.rstrip(","))["path"] for line in text.splitlines()[3:-2]] == sorted(
        each.path for each in REVIEW.findings
    )
    assert json.loads(written([])) == {"schema": "pgtune.baseline/1", "findings": []}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "pgtune.baseline/2", "findings": []}',
     '{"schema": "pgtune.baseline/1", "findings": 3}', '{"schema": "pgtune.baseline/1", "findings": [3]}',
     '{"schema": "pgtune.baseline/1", "findings": [{"fingerprint": 3}]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_baseline_is_refused(text):
    """A broken baseline must not become an empty one, nor one that knows everything."""
    with pytest.raises(BadInput, match="baseline"):
        read(text)
