-- Reads whether this server takes writes, whether this session still has the lead of the schedulers, and which other
-- session has it, in whatever database: advisory locks know only their own. Anybody may.
SELECT pg_is_in_recovery() AS standby,
       coalesce(bool_or(pid = pg_backend_pid()), false) AS mine,
       min(pid) FILTER (WHERE pid <> pg_backend_pid()) AS other
FROM pg_locks
WHERE locktype = 'advisory' AND classid = 1885828718 AND objid = 3 AND objsubid = 2 AND granted
