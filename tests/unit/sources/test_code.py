"""SQL in code of the other languages: found as in Python, on the right lines, with what is dynamic said so."""

import sys

import pytest

from pgtune.sources import read


def of(path, code):
    return read({path: code.encode()})


def seen(path, code):
    """Each query as its line, how many it spans, whether it is dynamic, and its text on one line."""
    found = of(path, code).queries
    return [(each.line, each.lines, each.dynamic, " ".join(each.text.split())) for each in found]


CASES = {
    "JavaScript, plain": ("a.js", "db.query('select a from t')", [(1, 1, False, "select a from t")]),
    "JavaScript, a template": (
        "a.js",
        "db.query(`\n  select a\n  from t where b = $1`, [x])",
        [(2, 2, False, "select a from t where b = $1")],
    ),
    "JavaScript, filled in": ("a.js", "db.query(`select a from ${t}`)", [(1, 1, True, "select a from {t}")]),
    "JavaScript, added": (
        "a.js",
        'pool.query("SELECT a " +\n "FROM t")',
        [(1, 2, False, "SELECT a FROM t")],
    ),
    "JavaScript, added to": ("a.js", 'let q = "SELECT a FROM t"; q += w;', [(1, 1, True, "SELECT a FROM t")]),
    "TypeScript, a tag makes parameters": (
        "a.ts",
        "const r = await sql<User[]>`select a from t where b = ${b} and c = ${o.c}`",
        [(1, 1, False, "select a from t where b = $1 and c = $2")],
    ),
    "TypeScript, a tag with parts": (
        "a.ts",
        "const r = sql`select a from t ${sql`where b = 1`}`",
        [(1, 1, True, "select a from t $1")],
    ),
    "TypeScript, Prisma": (
        "a.tsx",
        "prisma.$queryRaw`select a from t where b = ${b}`",
        [(1, 1, False, "select a from t where b = $1")],
    ),
    "Go, raw": (
        "a.go",
        "package m\nfunc f() { db.QueryContext(ctx, `\nselect a\nfrom t`, x) }",
        [(3, 2, False, "select a from t")],
    ),
    "Go, formatted": (
        "a.go",
        'package m\nvar q = fmt.Sprintf("select a from %s where b = 1", t)',
        [(2, 1, True, "select a from %s where b = 1")],
    ),
    "Java, a block": (
        "A.java",
        'class A { String s = """\n  select b\n  from t where c = 1"""; }',
        [(2, 2, False, "select b from t where c = 1")],
    ),
    "Java, added": (
        "A.java",
        'class A { void f() { s.executeQuery("select a" + " from t where b = " + x); } }',
        [(1, 1, True, "select a from t where b = {x}")],
    ),
    "Java, only native queries of a mapper are SQL": (
        "A.java",
        (
            'class A { @Query("select a from T") void f();'
            '@Query(value = "select a from t", nativeQuery = true) void g(); }'
        ),
        [(1, 1, False, "select a from t")],
    ),
    "Java, a builder": (
        "A.java",
        'class A { void f() { var b = new StringBuilder("SELECT a FROM t"); b.append("SELECT b FROM t"); } }',
        [(1, 1, True, "SELECT a FROM t")],
    ),
    "Ruby": ("a.rb", 'conn.exec("select a from t where b = #{x}")', [(1, 1, True, "select a from t where b = {x}")]),
    "Ruby, a heredoc": (
        "a.rb",
        "conn.exec_params(<<~SQL, [x])\n  select a\n  from t\nSQL\n",
        [(2, 2, False, "select a from t")],
    ),
    "PHP": ("a.php", "<?php $db->prepare('select a from t' . $w);", [(1, 1, True, "select a from t{$w}")]),
    "PHP, a heredoc": (
        "a.php",
        "<?php\n$s = <<<SQL\nselect a\nfrom t where b = $x\nSQL;\n$y = <<<'SQL'\nselect b from t where c = 1\nSQL;\n",
        [(3, 2, True, "select a from t where b = {x}"), (7, 1, False, "select b from t where c = 1")],
    ),
    "C#": (
        "a.cs",
        'class A { void F() { c.QueryAsync<T>("select a from t"); var s = $"SELECT {x} FROM t"; } }',
        [(1, 1, False, "select a from t"), (1, 1, True, "SELECT {x} FROM t")],
    ),
    "C#, verbatim and raw": (
        "a.cs",
        (
            'class A { string v = @"select\n""B"" from t where c = 1"; '
            'string r = """\n  select c from t where d = 1\n  """; }'
        ),
        [(1, 2, False, 'select "B" from t where c = 1'), (3, 1, False, "select c from t where d = 1")],
    ),
    "Rust, macros": (
        "a.rs",
        'fn f() { sqlx::query!("select a from t where b = $1", x); sqlx::query_as::<_, T>(r#"select "b" from t"#); }',
        [(1, 1, False, "select a from t where b = $1"), (1, 1, False, 'select "b" from t')],
    ),
    "Rust, formatted": (
        "a.rs",
        'fn f() { let s = format!("SELECT {} FROM t", x); }',
        [(1, 1, True, "SELECT {} FROM t")],
    ),
    "Rust, continued": (
        "a.rs",
        'fn f() { c.query("select a \\\n   from t", &[]); }',
        [(1, 2, False, "select a from t")],
    ),
}


@pytest.mark.parametrize(("path", "code", "expected"), CASES.values(), ids=CASES)
def test_found(path, code, expected):
    """What each language writes."""
    assert seen(path, code) == expected


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("a.js", 'console.log("SELECT a FROM t")'),
        ("a.js", 'throw new Error("SELECT a FROM t")'),
        ("a.js", 'if (sql === "SELECT a FROM t") {}'),
        ("a.js", '// db.query("select a from t")'),
        ("a.js", 'const x = "select a file from the list"'),
        ("a.go", 'package m\nfunc f() { return fmt.Errorf("SELECT a FROM t") }'),
        ("A.java", 'class A { void f() { throw new IllegalStateException("SELECT a FROM t"); } }'),
        ("A.java", 'class A { void f() { em.createQuery("select u from User u"); } }'),
        ("a.rb", 'puts "SELECT a FROM t"'),
        ("a.cs", 'class A { void F() { Console.WriteLine("SELECT a FROM t"); } }'),
        ("a.rs", 'fn f() { println!("SELECT a FROM t"); panic!("DELETE FROM t"); }'),
        ("a.php", '<?php echo "hello select"; error_log("x");'),
        ("a.test.js", "db.query('select a from t')"),
        ("src/test/java/A.java", 'class A { void f() { s.executeQuery("select a from t"); } }'),
        ("a_test.go", 'package m\nfunc f() { db.Query("select a from t") }'),
    ],
)
def test_left_alone(path, code):
    """Messages, errors, comparisons, comments, sentences, other languages of queries, and tests."""
    found = of(path, code)
    assert (found.queries, found.skipped) == ((), ())


@pytest.mark.parametrize(
    ("path", "code", "loop"),
    [
        ("a.js", "\nfor (const x of xs) {\n  db.query('select a from t')\n}", 2),
        ("a.js", "for (const x of await db.query('select a from t')) { f(x) }", 0),
        ("a.js", "xs.forEach(x => db.query('select a from t'))", 1),
        ("a.js", "for (;;) { g(function () { db.query('select a from t') }) }", 0),
        ("a.js", 'const Q = "SELECT a FROM t";\nwhile (x) { db.query(Q) }', 2),
        ("a.go", 'package m\nfunc f() {\n for _, x := range xs {\n db.Query("select a from t") } }', 3),
        ("A.java", 'class A { void f() {\n for (X x : xs) s.executeQuery("select a from t"); } }', 2),
        ("a.rb", "xs.each do |x|\n c.exec('select a from t')\nend", 1),
        ("a.rb", "while x do\n c.exec('select a from t')\nend", 1),
        ("a.php", "<?php foreach ($xs as $x) { $db->query('select a from t'); }", 1),
        ("a.cs", 'class A { void F() { foreach (var x in xs) { c.Query("select a from t"); } } }', 1),
        ("a.rs", 'fn f() { for x in xs { c.query("select a from t", &[]); } }', 1),
        ("a.rs", 'fn f() { for x in c.query("select a from t", &[]) { g(x); } }', 0),
    ],
)
def test_loops(path, code, loop):
    """The loop whose every turn asks."""
    assert [each.loop for each in of(path, code).queries] == [loop]


def test_comments():
    """In the language's own form."""
    found = of(
        "a.go",
        "package m\nfunc f() {\n// pgtune: ignore a.b small\ndb.Query(`select a\nfrom t`)\n"
        "/* pgtune: ignore c.d x */\n}",
    )
    assert [(each.codes, each.reason, each.covers) for each in found.comments] == [
        (("a.b",), "small", (3, 5)), (("c.d",), "x", (6, 6)),
    ]  # fmt: skip


def test_without_the_grammar_the_package_is_named(monkeypatch):
    """Once a file that may hold SQL; no other is spoken of."""
    from pgtune.sources.code import grammars  # noqa: PLC0415  # its memory of parsers is emptied

    grammars._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    found = read({"a.go": b'package m\nvar q = "SELECT a FROM t"', "b.go": b"package m"})
    grammars._parser.cache_clear()
    assert [each.path for each in found.skipped] == ["a.go"]
    assert "pgtune[code]" in found.skipped[0].why


@pytest.mark.parametrize("path", ["a.js", "a.go", "A.java", "a.rb", "a.php", "a.cs", "a.rs", "a.ts", "a.tsx"])
def test_broken_and_deep_code_raises_nothing(path):
    """What the grammar does not understand is left out of its tree."""
    deep = "select a from t " + "(" * 3000 + '"select 1"' + " + 'x'" * 3000
    for code in ('db.query("select a from t', "select ${", "\ufffe select \0x", deep):
        of(path, code)
