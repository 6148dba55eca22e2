-- Takes the lead of the schedulers of this server for this session, if nobody has it, and never waits for it: a session
-- that waits holds a snapshot, and REINDEX CONCURRENTLY would wait for that. 1885828718 is "pgtn". Anybody may.
SELECT pg_try_advisory_lock(1885828718, 3) AS taken
