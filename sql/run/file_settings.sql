-- Reads every line of the configuration files as they are on the disk now, in the order in which they count.
-- Superusers may, or a role that was granted the view and its function.
SELECT sourcefile AS file, sourceline AS line, seqno, name, setting AS value, applied, error
FROM pg_file_settings ORDER BY seqno
