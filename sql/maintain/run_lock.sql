-- Tries for the lock of a maintenance run; 1885828205 is "pgtm" as a number, 0 no object's oid. It never waits: a waiting
-- lock's snapshot would stop every concurrent build. Anybody may.
select pg_try_advisory_lock(1885828205, 0) as taken
