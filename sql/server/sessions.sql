-- Reads how many client sessions and background workers there are, pgtune's own left out. For pg_read_all_stats: other
-- roles see neither the state nor the type of other roles' sessions. Parallel workers come and go and are not counted.
select count(*) filter (where backend_type = 'client backend')::int as sessions,
       count(*) filter (where backend_type = 'client backend' and state = 'active')::int as sessions_active,
       count(*) filter (where backend_type not in (
         'client backend', 'parallel worker', 'walsender', 'walreceiver', 'walwriter', 'walsummarizer', 'startup',
         'checkpointer', 'background writer', 'archiver', 'logger', 'autovacuum launcher', 'autovacuum worker',
         'io worker', 'slotsync worker', 'standalone backend'))::int as background_workers
  from pg_stat_activity
 where pid <> pg_backend_pid()
