-- Reads who answers, which database this is, and what the role may see of it. For every role.
-- Columns that only some versions have are taken from the row as JSON: null where there is none.
select current_setting('server_version_num')::int as version,
       current_setting('server_version') as version_text,
       to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as taken,
       d.datname::text as database,
       pg_encoding_to_char(d.encoding)::text as encoding,
       d.datcollate::text as "collate",
       d.datctype::text as ctype,
       coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as provider,
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
       pg_is_in_recovery() as in_recovery,
       current_setting('block_size')::int as block_size,
       current_user::text as role,
       quote_ident(current_user) as role_quoted,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       pg_has_role('pg_read_all_stats', 'usage') as reads_statements,
       coalesce(has_function_privilege(to_regprocedure('pg_control_system()')::oid, 'execute'), false) as reads_control,
       (select count(*)::int from pg_stat_replication) as walsenders,
       (select count(*)::int from pg_replication_slots where slot_type = 'physical' and not temporary) as slots,
       (select to_char(s.stats_reset at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
          from pg_stat_database s
         where s.datid = d.oid) as stats_reset
  from pg_database d
 where d.datname = current_database()
