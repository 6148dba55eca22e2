-- Gives back the lead of the schedulers that this session has taken. Anybody may.
SELECT pg_advisory_unlock(1885828718, 3) AS given_back
