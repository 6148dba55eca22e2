"""A finding is the same finding after its lines were moved or its statement was laid out anew, and no other."""

from pgtune.model.finding import Finding
from pgtune.review.fingerprint import fingerprinted, normalised


def finding(code="query.offset", path="a.sql", line=1):
    return Finding(code, "warning", path, line, "message", "help")


def prints(*found):
    return [each.fingerprint for each in fingerprinted(found)]


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


def test_the_same_statement_twice_is_two_findings():
    """They are numbered in their order; with one of them gone, the other is the first."""
    both = prints((finding(line=1), "SELECT 1"), (finding(line=9), "SELECT 1"))
    assert both[0] != both[1]
    assert prints((finding(line=9), "SELECT 1")) == both[:1]


def test_what_is_no_sql_has_a_fingerprint_too():
    """An open quote, a lone surrogate."""
    assert normalised("it's  \n open") == "it's open"
    assert prints((finding(), "\ud800 '"))[0]
