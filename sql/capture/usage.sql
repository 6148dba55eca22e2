-- Reads how tables were used since the statistics were reset, times in UTC. For every role.
select relid as oid, seq_scan, coalesce(idx_scan, 0) as idx_scan, n_tup_ins as inserted, n_tup_upd as updated,
       n_tup_del as deleted, n_tup_hot_upd as hot_updated, n_live_tup as live, n_dead_tup as dead,
       n_mod_since_analyze as modified,
       to_char(greatest(last_vacuum, last_autovacuum) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_vacuum,
       to_char(greatest(last_analyze, last_autoanalyze) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
         as last_analyze
  from pg_stat_user_tables
