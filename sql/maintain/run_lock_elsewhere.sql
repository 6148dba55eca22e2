-- Reads who else holds the lock of a maintenance run, in any database: advisory locks know only their own database, while
-- the load is that of the whole server. `ours` are processes of this run. Anybody may read it; the role is null for
-- others' sessions.
select l.pid, a.usename::text as role
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.classid = 1885828205 and l.objid = 0 and l.objsubid = 2
   and l.granted and l.pid <> pg_backend_pid() and l.pid <> all (%(ours)s::int[])
 limit 1
