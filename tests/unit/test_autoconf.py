"""The text of postgresql.auto.conf and the statements between two contents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.model.errors import BadInput
from pgtune.server import autoconf
from pgtune.server.autoconf import Assign, Entry

NAMES = st.sampled_from(["work_mem", "jit", "wal_buffers", "my.var", "shared_buffers", "log_line_prefix", "Mixed_Case"])
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=12)
ENTRIES = st.lists(st.builds(Entry, NAMES, VALUES), max_size=7, unique_by=lambda entry: entry.name.lower()).map(tuple)


@given(ENTRIES)
def test_what_is_written_is_read_back(entries: tuple[Entry, ...]) -> None:
    """Rendering and parsing are each other's inverse, whatever the values hold."""
    content = autoconf.render(entries)
    assert autoconf.parse(content) == entries
    assert autoconf.canonical(content)


@given(ENTRIES, ENTRIES)
def test_the_route_leads_exactly_there(now: tuple[Entry, ...], wanted: tuple[Entry, ...]) -> None:
    """From any content the statements lead to the wanted one, order included, and to nothing where it is there."""
    assert autoconf.after(now, autoconf.route(now, wanted)) == wanted
    assert autoconf.route(wanted, wanted) == ()


@given(ENTRIES, st.lists(st.tuples(NAMES, VALUES), max_size=4, unique_by=lambda pair: pair[0]), st.data())
def test_any_prefix_of_a_run_is_taken_back(
    before: tuple[Entry, ...], written: list[tuple[str, str]], data: st.DataObject
) -> None:
    """However many statements of a run were done when it ended, the way back leads to the content before it."""
    done = data.draw(st.integers(0, len(written)))
    now = autoconf.after(before, [Assign(name, value) for name, value in written[:done]])
    steps = [(name, autoconf.value_of(before, name), value) for name, value in written]
    back = autoconf.way_back(now, before, steps)
    assert back.exact
    assert not back.refused
    assert autoconf.after(now, back.assigns) == before


@given(ENTRIES, st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4, unique_by=lambda pair: pair[0]), VALUES)
def test_a_value_of_somebody_else_stays(before: tuple[Entry, ...], written: list[tuple[str, str]], theirs: str) -> None:
    """A setting that holds neither our value nor the old one is named and kept; the others go back."""
    name, ours = written[0]
    old = autoconf.value_of(before, name)
    now = autoconf.after(before, [Assign(each, value) for each, value in written])
    now = autoconf.after(now, [Assign(name, theirs)])
    back = autoconf.way_back(now, before, [(each, autoconf.value_of(before, each), value) for each, value in written])
    end = autoconf.after(now, back.assigns)
    if theirs in {old, ours}:
        assert end == before
    else:
        assert back.refused == ((name, theirs),)
        assert autoconf.value_of(end, name) == theirs
        for each, _ in written[1:]:
            assert autoconf.value_of(end, each) == autoconf.value_of(before, each)


def test_somebody_elses_other_setting_stays() -> None:
    """A setting that pgtune never wrote is not touched by the way back, and the content is then not called exact."""
    before = (Entry("jit", "off"),)
    now = (Entry("jit", "off"), Entry("work_mem", "64MB"), Entry("autovacuum_naptime", "10s"))
    back = autoconf.way_back(now, before, [("work_mem", None, "64MB")])
    assert not back.exact
    assert back.assigns == (Assign("work_mem", None),)


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("work_mem = 64MB", Entry("work_mem", "64MB")),
        ("work_mem 64MB # a comment", Entry("work_mem", "64MB")),
        ("  work_mem='64MB'  ", Entry("work_mem", "64MB")),
        ("seq_page_cost = -1.5e3", Entry("seq_page_cost", "-1.5e3")),
        ("include_dir 'conf.d'", Entry("include_dir", "conf.d")),
        (r"x.y = 'it''s \'a\' \\ b\n\101'", Entry("x.y", "it's 'a' \\ b\nA")),
        ("listen_addresses = ''", Entry("listen_addresses", "")),
    ],
)
def test_every_form_the_server_reads(line: str, entry: Entry) -> None:
    """A line is read as guc-file.l reads it."""
    assert autoconf.parse(f"\n# comment\n{line}\n".encode()) == (entry,)


@pytest.mark.parametrize("line", ["work_mem", "= 3", "work_mem = '64MB", "work_mem = 1 2", "data_directory = /run/x-y"])
def test_what_the_server_refuses_is_refused(line: str) -> None:
    """A line that is no setting is an error, never skipped."""
    with pytest.raises(BadInput, match="line 1"):
        autoconf.parse(line.encode())


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("pg_stat_statements, auto_explain", ("pg_stat_statements", "auto_explain")),
        ('"$user", public', ("$user", "public")),
        ('"a, b","c""d"', ("a, b", 'c"d')),
        ("/tmp,/var/run", ("/tmp", "/var/run")),
        ("", ()),
    ],
)
def test_lists_of_names(value: str, names: tuple[str, ...]) -> None:
    """A list setting is taken apart as the server does it."""
    assert autoconf.items(value) == names


def test_the_quotes_of_a_list_are_no_difference() -> None:
    """The server writes names as it likes to quote them; only the names count. For other settings the text counts."""
    assert autoconf.same("shared_preload_libraries", '"a", b', "a,b")
    assert not autoconf.same("listen_addresses", "a, b", "a,b")


def test_a_comment_makes_it_not_canonical() -> None:
    """A file with a person's comment is not what ALTER SYSTEM would write."""
    content = autoconf.render([Entry("jit", "off")])
    assert autoconf.canonical(content)
    assert not autoconf.canonical(content + b"# mine\n")


def test_bytes_that_are_no_utf8_survive() -> None:
    """A value in another encoding is written back as the bytes it was."""
    content = autoconf.encode(autoconf.HEADER) + b"my.city = 'M\xfcnchen'\n"
    assert autoconf.render(autoconf.parse(content)) == content
