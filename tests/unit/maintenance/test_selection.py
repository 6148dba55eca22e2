"""The grammar of selections: groups, wildcards, exclusions, quotes; nothing but `%` is special in a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.maintenance import selection
from pgtune.model.errors import BadInput

NAMES = ("app_one", "app_two", "appXone", "db1", "postgres", "template1", "Odd, name")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("ALL_DATABASES", set(NAMES)),
        ("USER_DATABASES", {"app_one", "app_two", "appXone", "db1", "Odd, name"}),
        ("SYSTEM_DATABASES", {"postgres", "template1"}),
        ("USER_DATABASES, -db1", {"app_one", "app_two", "appXone", "Odd, name"}),
        ("-db1, USER_DATABASES", {"app_one", "app_two", "appXone", "Odd, name"}),
        ("app_%", {"app_one", "app_two"}),
        ("%one", {"app_one", "appXone"}),
        ("app_%,-%two", {"app_one"}),
        ("-app%", {"db1", "postgres", "template1", "Odd, name"}),
        ("db1 , postgres", {"db1", "postgres"}),
        ('"Odd, name"', {"Odd, name"}),
        ('-"Odd, name", USER_DATABASES, -app%', {"db1"}),
        ("DB1", set()),
        ("app.one", set()),
        ('"app_%"', set()),
    ],
)
def test_databases(text, chosen):
    """What a list takes does not depend on where its minuses stand; case counts; quotes make everything literal."""
    taken = selection.databases(text)
    assert {name for name in NAMES if taken.takes(name)} == chosen


@pytest.mark.parametrize("text", ["", " ", ",", "a,,b", "a,", "-", "- ,a", '"a', 'a"b', "NO_DATABASES"])
def test_a_list_that_cannot_be_read_is_refused(text):
    """An empty item would silently mean something else than was meant; a misspelt group too."""
    with pytest.raises(BadInput):
        selection.databases(text)


@pytest.mark.parametrize(
    ("text", "schema", "table", "taken"),
    [
        ("orders", "public", "orders", True),
        ("orders", "any", "orders", True),
        ("app.%", "app", "orders", True),
        ("app.%", "apps", "orders", False),
        ("app.%, -app.log_%", "app", "log_1", False),
        ("-%.log", "x", "log", False),
        ("-%.log", "x", "logs", True),
        ('"a.b"', "x", "a.b", True),
        ('"a.b"', "a", "b", False),
        ('"S""q".t', 'S"q', "t", True),
        ("ALL_TABLES, -t", "x", "t", False),
    ],
)
def test_tables(text, schema, table, taken):
    """A table's schema stands before a dot; a dot in quotes is a letter."""
    assert selection.tables(text).takes(schema, table) is taken


@pytest.mark.parametrize("text", ["a.b.c", ".a", "a.", "a..b", ""])
def test_a_table_has_at_most_one_schema(text):
    """A third name would belong to nothing."""
    with pytest.raises(BadInput):
        selection.tables(text)


@given(st.text(min_size=1).filter(lambda name: name.strip()))
def test_any_name_can_be_selected_in_quotes(name):
    """Whatever a database is called, its quoted name takes it and nothing that is longer by a letter."""
    taken = selection.databases('"' + name.replace('"', '""') + '"')
    assert taken.takes(name)
    assert not taken.takes(name + "x")
    assert not selection.databases('-"' + name.replace('"', '""') + '"').takes(name)


@given(st.text(), st.text())
def test_every_text_is_read_or_refused(text, name):
    """No input ends in another error than the one a user can read."""
    for parse in (selection.databases, selection.tables):
        try:
            taken = parse(text)
        except BadInput:
            continue
        assert taken.takes(*([name] if parse is selection.databases else [name, name])) in {True, False}
