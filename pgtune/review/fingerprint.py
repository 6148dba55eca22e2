"""What makes a finding the same finding after lines were moved or the statement was laid out anew."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgtune.model.errors import NotSql
from pgtune.model.finding import Finding
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


def fingerprinted(found: Iterable[tuple[Finding, str]]) -> Iterator[Finding]:
    """The findings, each with the text of its statement, in the order of their files and lines, with fingerprints.

    A fingerprint is made of code, path and normalised statement; the second of the same three is numbered 1, so that
    no two findings share one.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding, text in found:
        key = (finding.code, finding.path, normalised(text))
        number = seen[key]
        seen[key] += 1
        digest = hashlib.sha256("\0".join((*key, str(number))).encode("utf-8", "surrogatepass")).hexdigest()
        yield replace(finding, fingerprint=digest[:LENGTH])
