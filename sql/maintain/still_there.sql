-- Reads whether a session of ours is still at work after its connection was lost. Anybody may read it.
select pid from pg_stat_activity
 where pid = %(pid)s and extract(epoch from backend_start)::float8 = %(began)s
