"""Credentials found in text and cut: none enters a snapshot, masked or not.

User mappings, subscriptions and the options of foreign servers are never read. What is left are passwords and keys that
people write into functions, defaults, views and comments, and those that lie in columns and so in statistics. Code must
stay code: only what stands between quotes is cut, or what cannot be code (a URI, a list of connection parameters).
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Recorded, Snapshot, StoredIndex, Table

CUT = "***"

WORD = (  # for a secret
    r"(?:pass(?:word|wd|phrase|code)|(?<![a-z])pass|pwd|secret|token|credential|"
    r"(?:api|access|secret|private|auth|encryption|master)_?key)"
)
NAME = rf"{WORD}s?(?:_?(?:hash|value|key|id|\d+))?\b"
# A quoted text: within a function body that is itself a literal its quotes are doubled, within JSON they are double.
QUOTED = (
    r"(?:''''[^']*''''|''[^']+''|[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\""
    r"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
)
# libpq's connection parameters (33.1.2 of PostgreSQL's documentation): two in a row are a connection string.
PARAMETER = (
    "(?:host|hostaddr|port|dbname|user|passfile|require_auth|channel_binding|connect_timeout|client_encoding|options|"
    "application_name|fallback_application_name|keepalives\\w*|tcp_user_timeout|replication|gssencmode|sslmode|"
    "requiressl|sslcompression|sslcert|sslkey|sslrootcert|sslcrl|sslcrldir|sslsni|requirepeer|krbsrvname|gsslib|"
    "service|target_session_attrs|load_balance_hosts)"
)
BARE = r"(?:''[^']*''|'[^']*'|\\'[^']*\\'|[^\s'\",;()]++)"  # possessive: nothing is tried twice in a long text
PAIRS = rf"(?:{PARAMETER}\s*=\s*{BARE}\s+)"


def _expression(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


# Each takes what stands before the secret as `before`, and what stands behind it as `after` where that is needed.
EXPRESSIONS = tuple(
    map(
        _expression,
        (
            # scheme://user:password@host, and ?password=... behind it
            r"(?P<before>\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]*:)[^\s'\"]+(?P<after>@)",
            r"(?P<before>[?&](?:ssl)?password=)[^\s&'\"]+",
            # host=db password=secret, in any order
            rf"(?P<before>\b{PAIRS}{{1,24}}+(?:ssl)?password\s*=\s*){BARE}",
            rf"(?P<before>\b(?:ssl)?password\s*=\s*){BARE}(?P<after>\s+{PARAMETER}\s*=)",
            # 'password=secret', where the quote says that it is no comparison, and 'password=' || 'secret'
            r"(?P<before>\b(?:ssl)?password\s*=\s*)(?!>)[^\s'\"=,();%]+(?P<after>\s*['\"])",
            rf"(?P<before>{WORD}\s*[=:]\s*'+\s*(?:\|\||,)\s*){QUOTED}",
            # PASSWORD 'secret', password => 'secret', "api_key": "secret", SET app.secret TO 'secret'
            rf"(?P<before>{NAME}[\"']?\s*(?:=>|:=|<>|!=|=|:|\bto\b|\bis\b)\s*){QUOTED}",
            rf"(?P<before>{NAME}\s+){QUOTED}",
            rf"(?P<before>{NAME}[\"']\s*,\s*){QUOTED}",
            # v_password constant text := 'secret'
            rf"(?P<before>{NAME}\s+(?:constant\s+)?\w+(?:\([\d, ]*\))?\s*(?::=|\bdefault\b)\s*){QUOTED}",
            # "api_key" text DEFAULT 'secret'
            rf"(?P<before>{NAME}\"\s[^,;\n]*?\bdefault\s+){QUOTED}",
            # the key of pgcrypto's functions, and what crypt() and gen_salt() hash
            rf"(?P<before>\b(?:pgp_\w+crypt\w*|hmac|encrypt(?:_iv)?|decrypt(?:_iv)?)\s*\([^()']*,\s*){QUOTED}",
            rf"(?P<before>\bcrypt\s*\(\s*){QUOTED}",
            r"(?P<before>\bcreate_aws_credentials\s*\(\s*'[^']*'[^,]*,\s*)'[^']*'",
            # Authorization: Bearer ...
            r"(?P<before>\b(?:bearer|basic)\s+)[a-z0-9+/=._~-]{12,}",
        ),
    )
)
# Keys that show what they are.
TELLING = re.compile(
    r"\b(?:A(?:KIA|SIA|IDA|ROA)[A-Z0-9]{12,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}"
    r"|[sr]k_(?:live|test)_\w{8,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
# The secret access key of AWS: 40 letters of base 64, which a hash in hexadecimal is not.
AWS = re.compile(r"(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[G-Zg-z+/])(?=[A-Za-z0-9/+]*[0-9])(?=[A-Za-z0-9/+]*[A-Z])"
                 r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")  # fmt: skip
PROSE = _expression(rf"(?P<before>{WORD}s?\b\s*(?:\bis\b)?\s*[=:]?\s*)(?!{re.escape(CUT)})[^\s'\"]+")
SECRET_COLUMN = _expression(rf"^(?:.*_)?{WORD}s?(?:_?(?:hash|digest|salt|value))?$")
COMMENT = re.compile(r"""(COMMENT ON (?:[^"]|"[^"]*")*? IS E?')(.*)(')""", re.DOTALL)
# Every expression above needs one of these; most texts have none, and looking for words is quick.
HINTS = (
    "pass", "pwd", "secret", "token", "credential", "_key", "apikey", "accesskey", "privatekey", "authkey", "masterkey",
    "encryptionkey", "://", "crypt", "hmac", "bearer", "basic ", "akia", "asia", "aida", "aroa", "ghp_", "gho_", "ghu_",
    "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "k_live_", "k_test_", "aiza", "ya29.", "eyj", "private key", "aws",
)  # fmt: skip


def cut(text: str) -> str:
    """The text, each credential in it as `***`; code stays code, and a text without any comes back as it is."""
    return AWS.sub(CUT, _cut_hinted(text))


def _cut_hinted(text: str) -> str:
    """The same but for keys that nothing hints at: there is much text in statistics."""
    lowered = text.lower()
    if not any(hint in lowered for hint in HINTS):
        return text
    for expression in EXPRESSIONS:
        text = expression.sub(_starred, text)
    return AWS.sub(CUT, TELLING.sub(CUT, text))


def _starred(found: re.Match[str]) -> str:
    groups = found.groupdict()
    start, end = found.end("before"), found.start("after") if groups.get("after") else found.end()
    secret = found.string[start:end]
    opening = re.match(r"[eE]?('+|\"|\$\w*\$|\\')", secret)
    if opening is None:
        return f"{groups['before']}{CUT}{groups.get('after') or ''}"
    quote = opening.group(1)
    return f"{groups['before']}{opening.group()}{CUT}{quote}{groups.get('after') or ''}"


def without_credentials(snapshot: Snapshot) -> Snapshot:
    """The snapshot without credentials; `Snapshot.cut` names what held one."""
    held: list[str] = []
    clean = replace(
        snapshot,
        objects=tuple(_object(each, held) for each in snapshot.objects),
        tables=tuple(_table(each, held) for each in snapshot.tables),
        workload=tuple(_recorded(each, held) for each in snapshot.workload),
    )
    return replace(clean, cut=tuple(dict.fromkeys([*snapshot.cut, *held])))


def _object(own: Object, held: list[str]) -> Object:
    text = COMMENT.sub(_cut_comment, own.sql) if own.kind == "comment" else cut(own.sql)
    if text == own.sql:
        return own
    held.append(f"{own.kind} {own.name}")
    return replace(own, sql=text)


def _cut_comment(found: re.Match[str]) -> str:
    """A comment is prose: what follows the word is the secret. One whose quotes no longer match goes as a whole."""
    start, text, end = found.groups()
    clean = PROSE.sub(_starred, cut(text))
    balanced = "'" not in clean.replace("''", "")
    return f"{start}{clean if balanced or clean == text else CUT}{end}"


def _recorded(own: Recorded, held: list[str]) -> Recorded:
    text = cut(own.text)
    if text == own.text:
        return own
    held.append("a statement of the workload")
    return replace(own, text=text)


def _table(own: Table, held: list[str]) -> Table:
    columns = tuple(_column(each, f"{own.name}.{each.name}", held) for each in own.columns)
    indexes = tuple(_index(each, held) for each in own.indexes)
    if all(a is b for a, b in zip((*columns, *indexes), (*own.columns, *own.indexes), strict=True)):
        return own
    return replace(own, columns=columns, indexes=indexes)


def _index(own: StoredIndex, held: list[str]) -> StoredIndex:
    columns = tuple(_column(each, f"{own.name}.{each.name}", held) for each in own.columns)
    definition, predicate = cut(own.definition), own.predicate and cut(own.predicate)
    keys = tuple(map(cut, own.keys))
    same = all(a is b for a, b in zip(columns, own.columns, strict=True))
    if same and (definition, predicate, keys) == (own.definition, own.predicate, own.keys):
        return own
    return replace(own, columns=columns, definition=definition, predicate=predicate, keys=keys)


# Types whose values hold no words, and so no password; most statistics are of these.
WORDLESS = re.compile(r"(?:smallint|integer|bigint|numeric|real|double|date|time|interval|uuid|boolean|oid|inet)\b")
VALUES = ("most_common_vals", "histogram_bounds", "most_common_elems")


def _column(own: Column, name: str, held: list[str]) -> Column:
    """Statistics without the values of a column of secrets, and without credentials among the values of another."""
    if WORDLESS.match(own.type):
        return own
    secret = SECRET_COLUMN.match(own.name)
    stats = tuple(map(_without_values if secret else _with_values_cut, own.stats))
    ends = None if secret else own.ends and _cut_hinted(own.ends)
    if (stats, ends) == (own.stats, own.ends):
        return own
    held.append(f"statistics of {name}")
    return replace(own, stats=stats, ends=ends)


def _without_values(stats: ColumnStats) -> ColumnStats:
    gone: dict[str, None] = dict.fromkeys(
        (*VALUES, "most_common_freqs", "most_common_elem_freqs", "elem_count_histogram")
    )
    return replace(stats, **gone)  # type: ignore[arg-type]


def _with_values_cut(stats: ColumnStats) -> ColumnStats:
    changed = dict(_cut_values(stats))
    return replace(stats, **changed) if changed else stats  # type: ignore[arg-type]


def _cut_values(stats: ColumnStats) -> Iterator[tuple[str, str]]:
    for name in VALUES:
        text = getattr(stats, name)
        if text and (found := _cut_hinted(text)) != text:
            yield name, found
