-- Maintenance of app, app two on db1:5432: PostgreSQL 18.6, 2026-11-24 22:05 UTC
-- 2 jobs (1 reindex, 1 vacuum), about 1.51 min one after the other, 700 MB given back, 1 left for later, 2 skipped

\connect -reuse-previous=on "dbname='app two'"
-- Each statement by itself: neither VACUUM nor CONCURRENTLY can run inside a transaction.
-- A timeout inside a concurrent build would leave an invalid index behind, so there is none.
SET lock_timeout = 0;
SET statement_timeout = 0;

-- 1. reindex of s"; drop.t | <b>ü</b>\x1b[31m: 60 % of 1.2 GB is bloat, measured
-- about 1.5 min, assumed
-- in the way: session 4711 of app (till), for 3 h, 5,000 transactions back: has written to the table: the build waits for the end of its transaction; update orders set note = 'a \x1b[2J`|`' where id = 17 and custo...
REINDEX INDEX CONCURRENTLY "s""; drop".U&"t\+00000A| <b>ü</b>\+00001B[31m";

\connect app
-- Each statement by itself: neither VACUUM nor CONCURRENTLY can run inside a transaction.
-- A timeout inside a concurrent build would leave an invalid index behind, so there is none.
SET lock_timeout = 0;
SET statement_timeout = 0;

-- 2. vacuum of public.orders: 2,000 dead rows to 10,000 live ones
-- about 340 ms, by its own past
-- in the way: replication slot far, 1,200,000 transactions back: VACUUM removes no row that died after its snapshot
VACUUM (ANALYZE, SKIP_LOCKED) public.orders;
