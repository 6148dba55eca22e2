"""A project's history of migrations, made up from a seed: what teams write over the years, a file a change."""

import random
from collections.abc import Callable, Iterator

NOUNS = (
    "account", "address", "article", "basket", "booking", "category", "comment", "company", "contract", "coupon",
    "customer", "delivery", "device", "document", "event", "invoice", "item", "language", "message", "notification",
    "order", "parcel", "payment", "person", "photo", "price", "product", "project", "rating", "report", "session",
    "shipment", "subscription", "supplier", "tag", "task", "team", "ticket", "vote", "warehouse",
)  # fmt: skip
COLUMNS = (
    ("title", "text NOT NULL"), ("body", "text"), ("email", "varchar(255) NOT NULL"), ("status", "varchar(20)"),
    ("quantity", "integer NOT NULL DEFAULT 0"), ("amount", "numeric(12,2)"), ("updated", "timestamptz"),
    ("published", "timestamp NOT NULL DEFAULT now()"), ("deleted", "boolean NOT NULL DEFAULT false"),
    ("data", "jsonb NOT NULL DEFAULT '{}'"), ("settings", "json"), ("score", "double precision"),
    ("token", "uuid DEFAULT gen_random_uuid()"), ("code", "char(3)"), ("position", "smallint"), ("ip", "inet"),
    ("labels", "text[]"), ("valid_from", "date"),
)  # fmt: skip


class History:
    """Files one after the other; what earlier ones made is what later ones change."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._tables: dict[str, list[str]] = {}
        self._made = 0

    def files(self, count: int) -> Iterator[tuple[str, str]]:
        """Name and text of each migration."""
        changes: list[tuple[Callable[[], str], int]] = [
            (self._create, 14), (self._columns, 22), (self._index, 16), (self._constraint, 10), (self._retype, 6),
            (self._drop, 6), (self._rename, 3), (self._backfill, 8), (self._function, 7), (self._view, 4),
            (self._seed, 4),
        ]  # fmt: skip
        kinds, weights = zip(*changes, strict=True)
        for number in range(1, count + 1):
            make = self._create if len(self._tables) < 5 else self._random.choices(kinds, weights)[0]
            texts = [make() for _ in range(self._random.choice((1, 1, 2, 3, 4, 6)))]
            name = make.__name__.strip("_")
            yield f"{number:05}_{name}.sql", f"-- change {number}: {name}\n\n" + "\n".join(texts)

    def _table(self) -> str:
        return self._random.choice(list(self._tables))

    def _create(self) -> str:
        self._made += 1
        name = f"{self._random.choice(NOUNS)}_{self._made}"
        chosen = self._random.sample(COLUMNS, self._random.randint(3, 9))
        key = self._random.choice(("serial", "bigserial", "bigint GENERATED ALWAYS AS IDENTITY"))
        lines = [f"    id {key} PRIMARY KEY"]
        lines += [f"    {column} {kind}" for column, kind in chosen]
        other = self._table() if self._tables else ""
        if other:
            lines.append(f"    {other}_id bigint REFERENCES {other} (id) ON UPDATE CASCADE ON DELETE CASCADE")
        self._tables[name] = [column for column, _ in chosen]
        indexes = [f"CREATE INDEX idx_{name}_{column} ON {name} ({column});" for column, _ in chosen[:2]]
        return f"CREATE TABLE {name} (\n" + ",\n".join(lines) + "\n);\n\n" + "\n".join(indexes) + "\n"

    def _columns(self) -> str:
        table, made = self._table(), []
        for column, kind in self._random.sample(COLUMNS, self._random.randint(1, 3)):
            self._made += 1
            self._tables[table].append(f"{column}_{self._made}")
            made.append(f"ALTER TABLE {table}\n    ADD COLUMN {column}_{self._made} {kind};\n")
        return "\n".join(made)

    def _column(self) -> tuple[str, str]:
        table = self._table()
        return table, self._random.choice(self._tables[table])

    def _index(self) -> str:
        (table, column), how = self._column(), self._random.choice(("", "", "CONCURRENTLY "))
        self._made += 1
        dropped = f"DROP INDEX IF EXISTS idx_{table}_old;\n" if self._random.random() < 0.3 else ""
        return f"{dropped}CREATE INDEX {how}idx_{table}_{self._made} ON {table} USING btree ({column} DESC, id);\n"

    def _constraint(self) -> str:
        (table, column), other = self._column(), self._table()
        self._made += 1
        return self._random.choice((
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_ck_{self._made} CHECK ({column} IS NOT NULL);\n",
            f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_uq_{self._made} UNIQUE ({column});\n",
            f"ALTER TABLE {table} ADD CONSTRAINT fk_{self._made} FOREIGN KEY ({column}) REFERENCES {other} (id);\n",
        ))  # fmt: skip

    def _retype(self) -> str:
        table, column = self._column()
        kind = self._random.choice(("bigint", "text", "varchar(500)", "timestamptz", "numeric(14,4)", "jsonb"))
        using = f" USING {column}::{kind}" if kind == "jsonb" else ""
        return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}{using};\n"

    def _drop(self) -> str:
        table, column = self._column()
        if len(self._tables[table]) > 1 and self._random.random() < 0.8:
            self._tables[table].remove(column)
            return f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column};\n"
        if len(self._tables) > 5:
            del self._tables[table]
            return f"DROP TABLE IF EXISTS {table} CASCADE;\n"
        return f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;\n"

    def _rename(self) -> str:
        table, column = self._column()
        self._made += 1
        self._tables[table].remove(column)
        self._tables[table].append(f"{column}_{self._made}")
        return f"ALTER TABLE {table} RENAME COLUMN {column} TO {column}_{self._made};\n"

    def _backfill(self) -> str:
        table, column = self._column()
        return self._random.choice((
            f"UPDATE {table} SET {column} = DEFAULT WHERE {column} IS NULL;\n",
            f"UPDATE {table} t SET {column} = s.{column} FROM {table} s WHERE s.id = t.id;\n",
            f"DELETE FROM {table} WHERE id < 10;\n",
        ))  # fmt: skip

    def _function(self) -> str:
        table, column = self._column()
        self._made += 1
        return f"""\
CREATE OR REPLACE FUNCTION on_{table}_{self._made}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT') THEN
        INSERT INTO log_of_changes (what, id, at) VALUES ('{table}', NEW.id, now());
    ELSIF (TG_OP = 'DELETE') THEN
        UPDATE counts SET n = n - 1 WHERE what = '{table}'; -- {column}
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER t_{table}_{self._made} AFTER INSERT OR DELETE ON {table}
    FOR EACH ROW EXECUTE PROCEDURE on_{table}_{self._made}();
"""

    def _view(self) -> str:
        table, column = self._column()
        other = self._table()
        return f"""\
DROP VIEW IF EXISTS {table}_view;
CREATE VIEW {table}_view AS
WITH counted AS (
    SELECT o.id, count(*) AS n, max(o.id) AS last FROM {other} o GROUP BY o.id
)
SELECT t.*, c.n, coalesce(c.last, 0) AS last, CASE WHEN t.{column} IS NULL THEN 'none' ELSE 'some' END AS state
FROM {table} t
LEFT JOIN counted c ON c.id = t.id
WHERE t.id > 0;
"""

    def _seed(self) -> str:
        table, column = self._column()
        rows = ",\n".join(f"    ({number}, NULL)" for number in range(1, self._random.randint(3, 12)))
        return f"INSERT INTO {table} (id, {column}) VALUES\n{rows};\n"
