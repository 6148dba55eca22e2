"""A finding is the same finding after its lines were moved or its statement was laid out anew, and no other."""

from pgtune.model.finding import Finding
from pgtune.review.fingerprint import copies, fingerprinted, normalised
from pgtune.sources.project import Sql


def finding(code="query.offset", path="a.sql", line=1):
    return Finding(code, "warning", path, line, "message", "help")


def prints(*found):
    return [each.fingerprint for each in fingerprinted((each, text, 0) for each, text in found)]


def test_lines_blanks_comments_and_letter_case_do_not_count():
    """Layout is no part of a statement."""
    one = prints((finding(line=3), "SELECT a\n  FROM t -- why\n WHERE b = 'X'"))
    assert one == prints((finding(line=90), "select A from T\twhere /* so */ b='X'"))
    assert len(one[0]) == 32


def test_code_path_names_and_constants_count():
    """Another statement, file or rule is another finding: quoted names and strings keep their case and blanks."""
    texts = ["SELECT a FROM t WHERE b = 'X'", "SELECT a FROM t WHERE b = 'x'", 'SELECT a FROM "T" WHERE b = \'X\'',
             "SELECT a FROM t WHERE b = 'X '", "SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 2"]  # fmt: skip
    found = [prints((finding(), text))[0] for text in texts]
    found += prints((finding(code="query.other"), texts[0])) + prints((finding(path="b.sql"), texts[0]))
    assert len(set(found)) == len(found)


def test_two_findings_of_the_same_rule_on_one_statement():
    """They are numbered in their order."""
    both = prints((finding(line=1), "SELECT 1"), (finding(line=1), "SELECT 1"))
    assert both[0] != both[1]


def test_the_same_statement_twice_is_two_findings():
    """Which copy it is is counted over the whole file, whichever of them is looked at."""
    one, other, third = Sql("SELECT 1", "a.sql", 1), Sql("select  1", "a.sql", 9), Sql("SELECT 1", "b.sql", 1)
    assert copies([one, other, third]) == {one: 0, other: 1, third: 0}
    first, second = fingerprinted([(finding(line=1), one.text, 0), (finding(line=9), other.text, 1)])
    assert first.fingerprint != second.fingerprint
    assert next(fingerprinted([(finding(line=7), other.text, 1)])).fingerprint == second.fingerprint


def test_what_is_no_sql_has_a_fingerprint_too():
    """An open quote, a lone surrogate."""
    assert normalised("it's  \n open") == "it's open"
    assert prints((finding(), "\ud800 '"))[0]
