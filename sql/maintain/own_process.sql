-- Reads which process serves this session and since when. Anybody may read it. A session reads it as it begins, so not
-- from pg_stat_activity: that view of all sessions takes 2 ms to plan, this function is asked for one of them.
select pid, extract(epoch from backend_start)::float8 as began from pg_stat_get_activity(pg_backend_pid())
