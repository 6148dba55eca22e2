-- Takes the lock of the one writer for this session; 1885828718 is "pgtn" as a number, 1 its version. Anybody may.
SELECT pg_try_advisory_lock(1885828718, 1) AS taken
