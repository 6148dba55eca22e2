-- Reads how often indexes were scanned since the statistics were reset. For every role.
select indexrelid as oid, idx_scan as scans, null as last_scan
  from pg_stat_user_indexes
