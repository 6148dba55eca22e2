-- JSON, arrays, full text, ranges and skew: a tenth of a million rows at scale 0.1.
CREATE TABLE documents (
  id bigint PRIMARY KEY, kind text NOT NULL, body jsonb NOT NULL, tags text[] NOT NULL, words tsvector NOT NULL,
  at timestamptz NOT NULL, span int4range, price numeric(10, 2), parent bigint
);
SELECT setseed(0.42);
INSERT INTO documents
SELECT n,
       'kind' || floor(30 * power(random(), 4)),
       jsonb_build_object('user', floor(power(random(), 3) * 20000), 'type', 't' || floor(random() * 25), 'ok', n % 9 > 0),
       ARRAY(SELECT 'tag' || floor(power(random(), 2) * 500) FROM generate_series(1, 1 + n % 5)),
       to_tsvector('simple', (SELECT string_agg('word' || floor(power(random(), 3) * 5000), ' ')
                                FROM generate_series(1, 12 + n % 3))),
       timestamptz '2026-01-01 UTC' + n * interval '90 seconds',
       int4range((n * 37 % 10000)::int, (n * 37 % 10000 + 1 + n % 200)::int),
       round((random() * random() * 1000)::numeric, 2),
       CASE WHEN n % 3 = 0 THEN n / 3 END
  FROM generate_series(1, {rows}) n;
