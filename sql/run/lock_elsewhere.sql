-- Reads who else holds the lock of the one writer, in any database: advisory locks know only their own database, while
-- the configuration is one for all of them. Anybody may read it; the user is null for others' sessions.
SELECT l.pid, a.usename AS role, a.client_addr::text AS client
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = 1885828718 AND l.objid = 1 AND l.objsubid = 2
  AND l.granted AND l.pid <> pg_backend_pid()
LIMIT 1
