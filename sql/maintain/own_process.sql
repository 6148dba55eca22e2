-- Reads which process serves this session and since when. Anybody may read it.
select pid, extract(epoch from backend_start)::float8 as began from pg_stat_activity where pid = pg_backend_pid()
