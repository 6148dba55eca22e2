-- Reads who this server is and what the connected role may do to its configuration. Anybody may read it;
-- data_directory and config_file are null for a role without pg_read_all_settings.
SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       pg_is_in_recovery() AS in_recovery,
       current_setting('server_version_num')::int AS version,
       extract(epoch FROM pg_postmaster_start_time())::float8 AS postmaster_start,
       (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
       (SELECT setting FROM pg_settings WHERE name = 'config_file') AS config_file,
       coalesce((SELECT setting = 'on' FROM pg_settings WHERE name = 'allow_alter_system'), true) AS may_alter_system,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       current_user::text AS role,
       has_function_privilege('pg_reload_conf()', 'execute') AS may_reload,
       has_function_privilege('pg_read_binary_file(text,bigint,bigint,boolean)', 'execute') AS may_read_file,
       has_table_privilege('pg_file_settings', 'select')
           AND has_function_privilege('pg_show_all_file_settings()', 'execute') AS may_check_files
