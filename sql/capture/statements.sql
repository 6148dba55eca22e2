-- Reads what pg_stat_statements (1.9 or later) has recorded of this database, heaviest first.
-- For roles with SELECT on it; others' texts show to pg_read_all_stats alone.
select s.query as text, s.calls, s.total_exec_time::float8 as total_ms, s.rows,
       s.shared_blks_read as blocks_read, s.shared_blks_hit as blocks_hit, s.queryid::text as queryid,
       r.rolname::text as role,
       octet_length(s.query) = pg_size_bytes(current_setting('track_activity_query_size')) - 1 as truncated
  from {schema}.pg_stat_statements s
       left join pg_roles r on r.oid = s.userid
 where s.dbid = (select oid from pg_database where datname = current_database())
   and s.toplevel
   and s.calls > 0
 order by s.total_exec_time desc, s.queryid, s.userid
