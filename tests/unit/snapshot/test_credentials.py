"""Credentials in text: cut wherever people write them, and nothing else is touched."""

import time

import pytest

from pgtune.model.design import Name
from pgtune.snapshot import Snapshot
from pgtune.snapshot.credentials import cut, without_credentials
from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Recorded, Table

C = "c4n4ry"


@pytest.mark.parametrize(
    "text",
    [
        f"select dblink_connect('host=db user=x password={C}')",
        f"select dblink_connect('c', 'password={C} host=db')",
        f"select dblink_connect('c', 'host = db password = {C} user=x')",
        f"select dblink_connect('dbname=x password=''{C} w''')",
        f"perform dblink('password={C}', 'select 1')",
        f"select 'host=db ' || 'password=' || '{C}'",
        f"select 'postgres://joe:{C}@db/x'",
        f"select 'postgresql://joe:a@{C}@db/x'",
        f"select 'https://db/x?password={C}&b=1'",
        f"CREATE USER MAPPING FOR x SERVER y OPTIONS (user 'x', password '{C}')",
        f"ALTER ROLE x WITH ENCRYPTED PASSWORD '{C}'",
        f"AS $$ begin execute 'alter role x password ''{C}'''; end $$",
        f"AS 'begin execute ''alter role x password ''''{C}''''''; end'",
        f"""select '{{"password": "{C}", "user": "x"}}'""",
        f"SET app.secret TO '{C}'",
        f"set_config('app.jwt_secret', '{C}', true)",
        f"\"api_key\" text DEFAULT '{C}'::text",
        f"ALTER TABLE x ALTER COLUMN \"api_key\" SET DEFAULT '{C}'::text",
        f"pgp_sym_decrypt(data, '{C}')",
        f"hmac(x, '{C}', 'sha256')",
        f"crypt('{C}', gen_salt('bf'))",
        f"'AKIAIOSFODNN7{C.upper()}AB'",
        f"aws_commons.create_aws_credentials('AKIAIOSFODNN7EXAMPLE', '{C}', '')",
        f"'wJalrXUtnFEMI/K7MDENG/bPxRfiCYE{C}AK7'",
        f"'Bearer {C}1234567890abc'",
        f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{C}.abc",
        f"-----BEGIN RSA PRIVATE KEY-----\n{C}\n-----END RSA PRIVATE KEY-----",
        f"CREATE SUBSCRIPTION s CONNECTION 'host=x password={C} dbname=y' PUBLICATION p",
        f"f(password => '{C}')",
        f"v_password := '{C}';",
        f"v_password constant text := '{C}';",
        f"select E'password=\\'{C}\\' host=x'",
    ],
)
def test_a_credential_is_cut(text: str):
    """The secret is gone and the text says so."""
    assert C not in cut(text).lower()
    assert "***" in cut(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT u.password = x.password FROM u",
        "WHERE password = $1",
        "UPDATE t SET username = 1, password = x",
        "password = crypt(p, gen_salt('bf'))",
        "new.password_hash is distinct from old.password_hash",
        "select 'a' as token, id from t where token = any(x)",
        "CREATE INDEX i ON t (lower(password)) WHERE kind = 'open'",
        "CREATE INDEX i ON t (a) WHERE token_type = 'bearer'",
        "CREATE INDEX i ON t (a) WHERE passenger = 'x' and compass = 'n'",
        "select password, 'x' from t",
        "sha1 'da39a3ee5e6b4b0d3255bfef95601890afd80709'",
        "SELECT u.password_reset_at, 'open'::text AS status",
        "CHECK ((length(password) > 7))",
        "select 'https://example.org/a'::text",
    ],
)
def test_code_and_data_without_one_stay(text: str):
    """Columns that are named for a secret, and constants beside them, are not credentials."""
    assert cut(text) == text


def test_comments_are_prose():
    """In a comment the word before is enough; the object's own name is not cut."""
    found = Object("c:1", "comment", "x", f'COMMENT ON COLUMN "app"."password" IS \'the password is: {C} not x\'')
    clean = without_credentials(Snapshot(18, "", "", "", objects=(found,)))
    assert clean.objects[0].sql == 'COMMENT ON COLUMN "app"."password" IS \'the password is: *** not x\''
    assert clean.cut == ("comment x",)


def test_statistics_and_statements_are_clean():
    """Values of a column of secrets go, so do URIs with passwords among other values and in statements."""
    stats = ColumnStats(False, 0, 10, -1, most_common_vals=f'{{"ftp://x:{C}@h",b}}', most_common_freqs="{0.5,0.5}")
    ends = f'{{a,"ftp://x:{C}@h"}}'
    columns = tuple(Column(1, each, "text", stats=(stats,), ends=ends) for each in ("api_key", "url"))
    held = Snapshot(
        18,
        "",
        "",
        "",
        tables=(Table(Name("s", "t"), "r", columns),),
        workload=(Recorded(f"select '//', 'ws://a:{C}@b'", 1, 1),),
    )
    clean = without_credentials(held)
    assert C not in repr(clean)
    secret, url = clean.tables[0].columns
    assert (secret.stats[0].most_common_vals, secret.stats[0].n_distinct) == (None, -1)
    assert url.stats[0].most_common_vals == '{"ftp://x:***@h",b}'
    assert (secret.ends, url.ends) == (None, '{a,"ftp://x:***@h"}')
    assert clean.cut == ("statistics of s.t.api_key", "statistics of s.t.url", "a statement of the workload")


@pytest.mark.parametrize("letters", ["password=", "a:", "'", "host=x ", "x://", "token ", "$", "\\'"])
def test_hostile_text_takes_no_time(letters: str):
    """A long text that almost matches is read in a moment."""
    started = time.monotonic()
    cut("password " + letters * 5_000)
    assert time.monotonic() - started < 5
