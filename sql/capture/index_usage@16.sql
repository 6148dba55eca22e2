-- Reads how often indexes were scanned since the statistics were reset, and when last, in UTC. For every role.
select indexrelid as oid, idx_scan as scans,
       to_char(last_idx_scan at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_scan
  from pg_stat_user_indexes
