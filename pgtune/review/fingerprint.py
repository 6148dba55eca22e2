"""What makes a finding the same finding after lines were moved or the statement was laid out anew."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgtune.model.errors import NotSql
from pgtune.model.finding import Finding
from pgtune.sources.project import Sql
from pgtune.sqltext.parse import COMMENTS, tokens

LENGTH = 32  # hexadecimal digits, as the code hosts' own fingerprints have


def normalised(text: str) -> str:
    """The statement on one line: without comments, one blank between words, unquoted words in small letters.

    Constants stand as they are: another value in a statement of the same form is another statement.
    """
    try:
        words = [word for word in tokens(text) if word.name not in COMMENTS]
    except NotSql:
        return " ".join(text.split())
    return " ".join(word.text if word.text[:1] in {'"', "'", "$"} else word.text.lower() for word in words)


def copies(statements: Iterable[Sql]) -> dict[Sql, int]:
    """How many statements of the same file that are the same stand before each: 0 for the first.

    All statements of a file are wanted, so that the number does not depend on which of them are looked at.
    """
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[Sql, int] = {}
    for each in statements:
        key = (each.path, normalised(each.text))
        found[each] = seen[key]
        seen[key] += 1
    return found


def fingerprinted(found: Iterable[tuple[Finding, str, int]]) -> Iterator[Finding]:
    """The findings, each with the text of its statement and the number of its copy, with fingerprints.

    A fingerprint is made of code, path, normalised statement and copy; the second of the same four is numbered 1, so
    that no two findings share one.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for finding, text, copy in found:
        key = (finding.code, finding.path, normalised(text), str(copy))
        number = seen[key]
        seen[key] += 1
        digest = hashlib.sha256("\0".join((*key, str(number))).encode("utf-8", "surrogatepass")).hexdigest()
        yield replace(finding, fingerprint=digest[:LENGTH])
