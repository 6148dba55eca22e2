-- Reads who builds on this table or index now: a concurrent build holds SHARE UPDATE EXCLUSIVE on both until its end.
-- Locks show it to every role, whoever builds; pg_stat_progress_create_index would hide it. Anybody may read it.
select distinct l.pid
  from pg_locks l
 where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
   and l.database = (select oid from pg_database where datname = current_database())
   and l.relation = any (%(oids)s::oid[]) and l.mode in ('ShareUpdateExclusiveLock', 'AccessExclusiveLock')
