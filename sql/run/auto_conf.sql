-- Reads postgresql.auto.conf, null if there is none. A superuser may, or a role that was granted the function.
SELECT pg_read_binary_file('postgresql.auto.conf', 0, 1000000000, true) AS content
