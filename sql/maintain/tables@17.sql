-- Reads every table and materialized view that can be vacuumed, its TOAST table beside it: sizes and rows as of the
-- last VACUUM or ANALYZE, changes counted since, ages of the oldest ids. Nobody reaches the temporary tables of others.
-- For every role. From 17 on those with MAINTAIN may vacuum.
select c.oid, n.nspname::text as schema, c.relname::text as name, c.oid < 16384 as system,
       s.spcname::text as tablespace,
       has_table_privilege(c.oid, 'maintain')
         or not c.relisshared and (select pg_has_role(datdba, 'usage') from pg_database
                                    where datname = current_database()) as may,
       has_schema_privilege(n.oid, 'usage') as reach,
       pg_get_userbyid(c.relowner)::text as owner,
       c.relpages as pages, c.reltuples as rows, c.relallvisible as visible, 0 as frozen,
       pg_stat_get_live_tuples(c.oid) as live, pg_stat_get_dead_tuples(c.oid) as dead,
       pg_stat_get_mod_since_analyze(c.oid) as modified, pg_stat_get_ins_since_vacuum(c.oid) as inserted,
       extract(epoch from now() - greatest(pg_stat_get_last_analyze_time(c.oid),
                                           pg_stat_get_last_autoanalyze_time(c.oid)))::float8 as analyzed,
       extract(epoch from now() - greatest(pg_stat_get_last_vacuum_time(c.oid),
                                           pg_stat_get_last_autovacuum_time(c.oid)))::float8 as vacuumed,
       age(c.relfrozenxid) as xid_age, mxid_age(c.relminmxid) as mxid_age, c.reloptions as options,
       t.oid as toast, t.relpages as toast_pages, t.reltuples as toast_rows, t.relallvisible as toast_visible,
       0 as toast_frozen,
       pg_stat_get_live_tuples(t.oid) as toast_live, pg_stat_get_dead_tuples(t.oid) as toast_dead,
       pg_stat_get_ins_since_vacuum(t.oid) as toast_inserted,
       age(t.relfrozenxid) as toast_xid_age, mxid_age(t.relminmxid) as toast_mxid_age, t.reloptions as toast_options
  from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       left join pg_class t on t.oid = c.reltoastrelid
       left join pg_tablespace s on s.oid = c.reltablespace
 where c.relkind in ('r', 'm') and c.relpersistence <> 't'
