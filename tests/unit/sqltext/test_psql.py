"""Scripts for psql: what hides what, and what is no SQL."""

import pytest

from pgtune.sqltext.psql import marks, unclosed_comments, without_psql


def seen(text):
    return [(mark.kind, text[mark.start : mark.end]) for mark in marks(text) if mark.kind not in {"meta", "ends"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'it''s';", [("string", "'it'"), ("string", "'s'"), ("end", ";")]),
        (r"E'\';'", [("string", r"E'\';'")]),
        (r"'\';", [("string", r"'\'"), ("end", ";")]),
        ("$a$ $$ ; $b$ $a$", [("dollar", "$a$ $$ ; $b$ $a$")]),
        ("a$b$c; $1 $2", [("end", ";")]),
        ("/* /* ; */ */;", [("block", "/* /* ; */ */"), ("end", ";")]),
        ("-- ';\n;", [("line", "-- ';"), ("end", ";")]),
        ('"a;""b"', [("name", '"a;"'), ("name", '"b"')]),
        ("'--'; '/*'", [("string", "'--'"), ("end", ";"), ("string", "'/*'")]),
    ],
)
def test_what_hides_a_semicolon(text, expected):
    """As PostgreSQL's own scanner sees it."""
    assert seen(text) == expected


@pytest.mark.parametrize("text", ["'", '"', "$$ ", "$x$ $y$", "/* /* */", "E'\\'"])
def test_what_is_never_closed(text):
    """Goes to the end, and says so."""
    last = list(marks(text))[-1]
    assert (last.end, last.closed) == (len(text), False)


def test_open_comments_are_counted():
    """Each in the other."""
    assert unclosed_comments("select 1 /* a /* b */ /* c") == 2
    assert unclosed_comments("select '/* /*' -- /*") == 0


def test_data_ends_where_psql_ends_it():
    """And a statement behind it is one again; lines stay."""
    text = "copy t (a) from stdin with (format csv);\n';\n\\.x\n\\.\ncreate index i on t (a);\n"
    text += "\\copy u from stdin\n1\n\\.\nselect 1;"
    left = without_psql(text)
    assert left.count("\n") == text.count("\n")
    assert [line for line in left.split("\n") if line] == [
        "copy t (a) from stdin with (format csv);", "create index i on t (a);", "select 1;",
    ]  # fmt: skip
