-- Reads which tables another session is vacuuming or indexing now. For every role; tables of other roles' sessions need
-- pg_read_all_stats and are NULL without it.
select p.relid as table_oid, null::oid as index_oid, p.pid, a.backend_type = 'autovacuum worker' as autovacuum,
       coalesce(a.query like '%(to prevent wraparound)', false) as wraparound
  from pg_stat_progress_vacuum p left join pg_stat_activity a on a.pid = p.pid
 where p.datname = current_database()
union all
select p.relid, nullif(p.index_relid, 0), p.pid, false, false
  from pg_stat_progress_create_index p
 where p.datname = current_database()
