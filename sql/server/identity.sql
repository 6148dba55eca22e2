-- Reads who answers: version, processes, start times, and what the connected role may read. For every role.
select current_setting('server_version_num')::int as version,
       current_setting('server_version') as version_text,
       pg_is_in_recovery() as in_recovery,
       pg_backend_pid() as backend_pid,
       (select extract(epoch from backend_start)::float8
          from pg_stat_activity
         where pid = pg_backend_pid()) as backend_start,
       extract(epoch from pg_postmaster_start_time())::float8 as postmaster_start,
       current_database()::text as database,
       current_user::text as role,
       quote_ident(current_user) as role_quoted,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       pg_has_role('pg_monitor', 'usage') as monitor,
       pg_has_role('pg_read_all_settings', 'usage') as reads_settings,
       pg_has_role('pg_read_all_stats', 'usage') as reads_statistics,
       pg_has_role('pg_read_server_files', 'usage')
         and coalesce(has_function_privilege(
               to_regprocedure('pg_read_binary_file(text, bigint, bigint, boolean)')::oid, 'execute'), false)
         as reads_files,
       has_table_privilege('pg_file_settings', 'select')
         and coalesce(has_function_privilege(to_regprocedure('pg_show_all_file_settings()')::oid, 'execute'), false)
         as reads_file_settings,
       coalesce(has_function_privilege(to_regprocedure('pg_ls_waldir()')::oid, 'execute'), false) as lists_wal,
       coalesce(has_function_privilege(to_regprocedure('pg_control_system()')::oid, 'execute'), false) as reads_control,
       pg_jit_available() as jit_available
