-- Reads who answers, in which database, and what the role may see and do there. For every role.
select current_setting('server_version_num')::int as version,
       pg_is_in_recovery() as in_recovery,
       current_database()::text as database,
       quote_ident(current_user) as role_quoted,
       d.datdba::regrole::text as database_owner_quoted,
       pg_has_role('pg_read_all_stats', 'usage') as reads_statistics,
       extract(epoch from now() - s.stats_reset)::float8 as stats_seconds,
       extract(epoch from now() - pg_postmaster_start_time())::float8 as up_seconds,
       to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
       exists (select from pg_stat_replication r
                 left join pg_replication_slots l on l.active_pid = r.pid
                where l.slot_type is distinct from 'logical') as standbys,
       (select n.nspname::text
          from pg_extension e join pg_namespace n on n.oid = e.extnamespace
         where e.extname = 'pgstattuple' and has_schema_privilege(n.oid, 'usage')) as pgstattuple
  from pg_database d join pg_stat_database s on s.datid = d.oid
 where d.datname = current_database()
